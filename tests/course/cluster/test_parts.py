"""Parts of a cluster, tested without one: messages, spool, installations, and how a batch handles dead workers."""

import json
import os
from collections import Counter
from concurrent.futures import Future
from dataclasses import fields, replace

import pytest

from grader.course.batch import grade_all
from grader.course.cluster.driver import ClusterPool, RemoteError
from grader.course.cluster.messages import Reply, Terms, accept, decode_reply, decode_terms, encode
from grader.course.cluster.spool import Spool, read, visible, write
from grader.course.cluster.task import grade_bytes
from grader.course.job import BatchError, Job, Stop
from grader.course.pool import WorkerDied, WorkerRefused
from grader.course.worker_deaths import MAX_DEATHS
from grader.provenance.installation import EVERYWHERE, Installation, Wanted, digests_of, unlike
from grader.result import Digests, Signature
from grader.sandbox.limits import Limits
from tests.conftest import make_result
from tests.course.test_batch import FakeAssignment, good, notebooks
from tests.watching import Watching

HERE = Installation("1", "2", "3", "g", "r", "f", "d", "e", "cpu", "laptop", False)
TERMS = Terms("run", Wanted(), HERE, Limits(), 2**62, "/spool")
KEY = "a" * 64


def test_messages_survive_encoding():
    assert decode_terms(encode(TERMS)) == TERMS
    reply = Reply("result", "{}", "tcp://x")
    assert decode_reply(encode(reply)) == reply


@pytest.mark.parametrize(
    "bad", [b"", b"{}", b"[]", b'{"kind": "other", "text": ""}', b'{"kind": "result", "text": 1}', "text", None]
)
def test_an_invalid_reply_is_refused(bad):
    with pytest.raises(ValueError):
        decode_reply(bad)


def test_a_result_is_accepted_only_for_its_notebook_and_installation():
    result = replace(make_result("a.ipynb"), digests=digests_of(HERE, "ab" * 32))
    assert accept(result.document(), "ab" * 32, HERE) == result
    wrong = [
        (result, "cd" * 32, HERE),
        (result, "ab" * 32, replace(HERE, data="other")),
        (replace(result, digests=Digests()), "ab" * 32, HERE),
        (replace(result, advisory=True), "ab" * 32, HERE),
        (replace(result, signature=Signature("ed25519", "", "")), "ab" * 32, HERE),
    ]
    for one, sha256, here in wrong:
        with pytest.raises(ValueError):
            accept(one.document(), sha256, here)
    with pytest.raises(ValueError):
        accept("", "ab" * 32, HERE)


def test_every_difference_between_machines_is_reported():
    assert unlike(HERE, HERE) == ""
    assert {field.name for field in fields(Installation)} == {*EVERYWHERE, "confines"}
    for name in EVERYWHERE:
        assert unlike(replace(HERE, **{name: "9"}), HERE)
    assert unlike(replace(HERE, torch="9", data="x"), HERE) == "torch 9 instead of torch 2"


def test_the_spool_ignores_files_that_others_could_write(tmp_path):
    spool = Spool(tmp_path, "one")
    assert visible(spool.folder, "one")
    assert not visible(spool.folder, "two")
    assert not visible(tmp_path / "none", "one")
    write(spool.folder, KEY, "text")
    assert spool.take(KEY) == "text"
    for name in ("run-one", "../x", "", "b" * 64):
        assert spool.take(name) == ""
    os.chmod(spool.folder / KEY, 0o666)
    assert spool.take(KEY) == ""
    os.chmod(spool.folder / KEY, 0o644)
    (spool.folder / ("c" * 64)).symlink_to(spool.folder / KEY)
    assert read(spool.folder, "c" * 64) == ""
    spool.close()
    assert spool.take(KEY) == "text"  # it waits for the next driver
    again = Spool(tmp_path, "two")
    again.clear()
    again.close()
    assert not spool.folder.exists()


def test_a_task_never_raises():
    pytest.importorskip("distributed")
    assert decode_reply(grade_bytes(b"", "task", KEY, "a.ipynb", b"")).kind == "failed"


class FakeLink:
    """A connection that returns a future for each task; the test resolves it as Dask would."""

    threads = 1

    def __init__(self):
        self.client, self.futures = self, []

    def subscribe_topic(self, name, handler):
        pass

    def submit(self, function, *args, task=None):
        self.futures.append(Future())
        return self.futures[-1]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("too many values to unpack (expected 3)"), WorkerDied),  # what Dask raises for a lost result
        (type("KilledWorker", (Exception,), {})("task"), WorkerDied),
        (ModuleNotFoundError("No module named 'grader'"), RemoteError),
    ],
)
def test_a_result_lost_with_its_worker_counts_as_a_death(tmp_path, error, said):
    link = FakeLink()
    pool = ClusterPool(link, TERMS, FakeAssignment(), lambda name, sha256: KEY, None, lambda *_: None)  # type: ignore[arg-type]
    [submission] = notebooks(tmp_path, "a")
    future = pool.submit(submission)
    link.futures[0].set_exception(error)
    assert isinstance(future.exception(5), said)


class Fake:
    """A pool whose gradings end at once with `says(submission)`: a result, an exception, or None if given up."""

    size = 3

    def __init__(self, says, tick=lambda: None):
        self.says, self.ticks, self.flying, self.down = says, tick, [], None

    def submit(self, submission):
        future = Future()
        outcome = self.says(submission)
        if outcome is None:
            future.cancel()
            future.set_running_or_notify_cancel()
        elif isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
        return future

    def tick(self, stopping):
        self.ticks()

    def shutdown(self, wait):
        self.down = wait


def run(tmp_path, pool, *names, stop=None, **more):
    watching = Watching()
    job = Job(FakeAssignment(), tmp_path / "out", good, pool=pool, **more)  # type: ignore[arg-type]
    return grade_all(notebooks(tmp_path, *names), job, watching, stop), watching


def test_notebooks_of_dead_workers_are_retried_and_the_last_tries_run_alone(tmp_path):
    order, alone = [], []

    class Slow(Fake):
        def submit(self, submission):
            order.append(submission.name)
            if order.count(submission.name) < MAX_DEATHS:
                return super().submit(submission)
            self.flying.append((Future(), submission))
            alone.append(len(self.flying))
            return self.flying[-1][0]

        def tick(self, stopping):
            for future, submission in self.flying:
                future.set_result(good(submission))
            self.flying = []

    def says(submission):
        return WorkerDied("x is gone") if submission.name in "abc" else good(submission)

    done, watching = run(tmp_path, Slow(says), *"abcdef")
    assert done.count == 6
    assert sorted(name for name, _ in watching.again) == sorted("abc" * (MAX_DEATHS - 1))
    assert sorted(order) == sorted("abc" * MAX_DEATHS + "def")
    assert alone == [1, 1, 1]


def test_a_notebook_that_kills_every_worker_fails_alone(tmp_path):
    def says(submission):
        return WorkerDied("x is gone") if submission.name == "bad" else good(submission)

    pool = Fake(says)
    done, watching = run(tmp_path, pool, "a", "bad", "c")
    assert done.count == 3
    assert len(watching.again) == MAX_DEATHS - 1
    assert "x is gone" in (tmp_path / "out" / "bad" / "result.json").read_text()
    assert pool.down is True


def test_where_machines_are_lost_a_notebook_may_lose_more_workers(tmp_path):
    tries = Counter()

    def says(submission):
        tries[submission.name] += 1
        deaths = {"a": 1, "b": 1, "unlucky": MAX_DEATHS}.get(submission.name, 0)
        worker = f"{submission.name}{tries[submission.name]}"
        return WorkerDied("x is gone", worker) if tries[submission.name] <= deaths else good(submission)

    done, _ = run(tmp_path, Fake(says), "a", "b", "unlucky")
    assert done.count == 3
    assert tries == {"a": 2, "b": 2, "unlucky": MAX_DEATHS + 1}
    assert json.loads((tmp_path / "out" / "unlucky" / "result.json").read_text())["status"] != "failed"


def test_a_refused_notebook_starts_again_without_counting_a_try(tmp_path):
    refused = []

    def says(submission):
        if len(refused) < 5:
            refused.append(submission.name)
            return WorkerRefused("other torch")
        return good(submission)

    done, watching = run(tmp_path, Fake(says), "a")
    assert (done.count, watching.again) == (1, [])


def test_a_lost_cluster_ends_the_class_and_existing_results_are_written(tmp_path):
    def gone():
        raise BatchError("no worker")

    with pytest.raises(BatchError, match="no worker"):
        run(tmp_path, Fake(good, gone), *"abcdefgh", stop=Stop(patience=0.1))
    assert (tmp_path / "out" / "summary.csv").read_text().count("\n") == 4


def test_a_grading_that_was_given_up_is_not_stored(tmp_path):
    stop = Stop()

    def says(submission):
        stop.asked = 1
        return good(submission) if submission.name == "a" else None

    done, _ = run(tmp_path, Fake(says), "a", "b", stop=stop)
    assert (done.count, done.stopped) == (1, True)


def test_results_left_by_an_earlier_run_are_stored_and_not_graded_again(tmp_path):
    settled = []
    left = {}

    def says(submission):
        left[submission.name] = True
        return good(submission)

    def find(key, sha256):
        return good(notebooks(tmp_path, "a")[0]) if key.endswith("a.ipynb") else None

    done, watching = run(tmp_path, Fake(says), "a", "b", recover=find, on_stored=settled.append)
    assert (done.count, done.reused, list(left)) == (2, 0, ["b"])
    assert sorted(watching.over) == [("a", False), ("b", False)]
    assert len(settled) == 2
