"""The real command on a real cluster: the scheduler and workers are processes, and are killed."""

import json
import signal
import subprocess
import time

import pytest

from grader.course.store import Store
from tests.course.cluster.processes import INSTANT, Processes, copy_tree, notebook, write_class

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return copy_tree(tmp_path_factory.mktemp("place"))


@pytest.fixture
def cluster(place, tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    with Processes(place, folder) as cluster:
        yield cluster


def ended(driver, seconds=120):
    try:
        out, err = driver.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        driver.kill()
        raise AssertionError(driver.communicate()) from None
    return driver.returncode, out, err


def until(happened, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def graded(out):
    """Return the final results by name."""
    with Store(out, create=False) as store:
        return {row.entry.name: row.machine for row in store.rows() if row.settled}


def test_a_killed_worker_loses_nothing(cluster, tmp_path):
    for _ in range(3):
        cluster.start_worker(*INSTANT)
    names = [f"n{i}" for i in range(40)]
    notebooks = write_class(tmp_path / "in", **{name: f"sleep 0.4 # {name}" for name in names})
    driver = cluster.driver(notebooks, tmp_path / "out")
    until(lambda: len(cluster.begun()) > 8, "no grading began")
    time.sleep(0.2)
    cluster.kill_worker(1)
    status, out, err = ended(driver)
    assert status == 1, err  # the rubric of the tests takes points off
    assert sorted(graded(tmp_path / "out")) == sorted(names)
    for name in names:
        result = json.loads((tmp_path / "out" / name / "result.json").read_text())
        assert result["submission"]["name"] == f"{name}.ipynb"
    begun = cluster.begun()
    assert set(begun) == {f"{name}.ipynb" for name in names}
    assert len(begun) <= len(names) + 2  # what the killed worker held
    assert "40 submissions, 0 of them could not be graded" in out
    seeds = {line.split()[3] for line in cluster.log.read_text().splitlines() if line.startswith("begin")}
    assert len(seeds) == 1
    assert not any(seed in (tmp_path / "out" / name / "result.json").read_text() for seed in seeds for name in names)
    assert not list((tmp_path / "out").glob(".spool*"))
    # A second run sends nothing to the cluster.
    status, out, _ = ended(cluster.driver(notebooks, tmp_path / "out"))
    assert status == 1
    assert "40 results were reused" in out
    assert len(cluster.begun()) == len(begun)


def test_a_notebook_that_kills_its_worker_fails_alone(cluster, tmp_path):
    for _ in range(2):
        cluster.start_worker(*INSTANT, nanny=True)
    texts = {f"n{i}": f"sleep 0.3 # {i}" for i in range(12)} | {"poison": "die", "zoo": "raise"}
    status, _, _ = ended(cluster.driver(write_class(tmp_path / "in", **texts), tmp_path / "out"))
    assert status == 2
    assert sorted(graded(tmp_path / "out")) == sorted(texts.keys() - {"poison", "zoo"})
    assert cluster.begun().count("poison.ipynb") == 3
    result = json.loads((tmp_path / "out" / "poison" / "result.json").read_text())
    assert result["status"] == "failed"
    assert "3 workers died, one after the other, while they graded this notebook" in result["message"]
    assert "boom" in json.loads((tmp_path / "out" / "zoo" / "result.json").read_text())["message"]


def test_a_missing_scheduler_or_worker_is_reported_in_one_sentence(cluster, tmp_path):
    notebooks = write_class(tmp_path / "in", a="1")
    began = time.monotonic()
    status, _, err = ended(cluster.driver(notebooks, tmp_path / "out", "--worker-seconds", "2"))
    assert (status, err.splitlines()[-1].partition(" for 2 s")[0].partition("has had ")[2]) == (2, "no worker")
    assert time.monotonic() - began < 40
    cluster.address = "tcp://127.0.0.1:1"
    status, _, err = ended(cluster.driver(notebooks, tmp_path / "out"))
    assert (status, len(err.splitlines())) == (2, 1)
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:1'" in err


@pytest.mark.exhaustive
def test_losing_all_workers_ends_in_time_and_can_be_continued(cluster, tmp_path):
    cluster.start_worker(*INSTANT)
    notebooks = write_class(tmp_path / "in", **{f"n{i}": f"sleep 0.5 # {i}" for i in range(12)})
    driver = cluster.driver(notebooks, tmp_path / "out", "--worker-seconds", "4")
    until(lambda: len(cluster.begun()) > 4, "no grading began")
    cluster.kill_worker(0)
    status, _, err = ended(driver, 60)
    assert status == 2
    assert "has had no worker for 4 s" in err
    done = len(graded(tmp_path / "out"))
    assert 0 < done < 12
    cluster.start_worker(*INSTANT)
    status, out, err = ended(cluster.driver(notebooks, tmp_path / "out"))
    assert status == 1, err
    assert out.count("; reused") >= done
    assert len(graded(tmp_path / "out")) == 12


@pytest.mark.exhaustive
def test_a_lost_scheduler_is_reported_in_one_sentence(cluster, tmp_path):
    cluster.start_worker(*INSTANT)
    notebooks = write_class(tmp_path / "in", **{f"n{i}": f"sleep 1 # {i}" for i in range(8)})
    driver = cluster.driver(notebooks, tmp_path / "out")
    until(lambda: len(cluster.begun()) > 2, "no grading began")
    cluster.scheduler.kill()
    status, _, err = ended(driver, 60)
    assert status == 2
    assert "is lost; finished gradings are kept" in err
    assert "Traceback" not in err


@pytest.mark.exhaustive
def test_a_worker_with_another_grader_gets_nothing(cluster, place, tmp_path):
    other = copy_tree((tmp_path / "other").resolve())
    (other / "grader" / "more.py").write_text("")
    notebooks = write_class(tmp_path / "in", **{f"n{i}": f"sleep 0.2 # {i}" for i in range(12)})
    cluster.start_worker(*INSTANT, PYTHONPATH=str(other))
    status, _, err = ended(cluster.driver(notebooks, tmp_path / "out"))
    assert status == 2
    assert "they have other files of the grader itself" in err
    # It joins later, beside one that can grade.
    cluster.kill_worker(0)
    cluster.start_worker(*INSTANT)
    driver = cluster.driver(notebooks, tmp_path / "out", "--jobs", "4")
    until(lambda: cluster.begun(), "no grading began")
    cluster.start_worker(*INSTANT, PYTHONPATH=str(other))
    for name in ("x", "y"):
        (tmp_path / "in" / f"{name}.ipynb").write_text(notebook("late"))
    status, out, err = ended(driver)
    assert status == 1, err
    assert len(graded(tmp_path / "out")) == 12
    assert "broke off" not in out


@pytest.mark.exhaustive
def test_the_next_driver_finds_results_that_ended_meanwhile(cluster, tmp_path):
    cluster.start_worker(*INSTANT)
    notebooks = write_class(tmp_path / "in", a="sleep 4 # a", b="sleep 4 # b")
    driver = cluster.driver(notebooks, tmp_path / "out")
    until(lambda: len(cluster.begun()) == 2, "no grading began")
    driver.kill()
    driver.communicate()
    until(lambda: cluster.log.read_text().count("end ") == 2, "the workers did not end")
    time.sleep(0.5)
    assert not graded(tmp_path / "out")
    status, _, err = ended(cluster.driver(notebooks, tmp_path / "out"))
    assert status == 1, err
    assert sorted(graded(tmp_path / "out")) == ["a", "b"]
    assert len(cluster.begun()) == 2
    # With --force, results in the spool are ignored.
    ended(cluster.driver(notebooks, tmp_path / "out", "--force"))
    assert len(cluster.begun()) == 4


@pytest.mark.exhaustive
def test_an_interrupt_waits_for_running_gradings_and_a_second_ends_them(cluster, tmp_path):
    cluster.start_worker(*INSTANT)
    notebooks = write_class(tmp_path / "in", **{f"n{i}": f"sleep 2 # {i}" for i in range(8)})
    driver = cluster.driver(notebooks, tmp_path / "out")
    until(lambda: len(cluster.begun()) == 2, "no grading began")
    time.sleep(0.3)
    driver.send_signal(signal.SIGINT)
    status, _, err = ended(driver, 30)
    assert status == 130
    assert "interrupted; 2 of 8 are graded" in err
    begun = len(cluster.begun())
    write_class(tmp_path / "in", **{f"n{i}": f"sleep 100 # {i}" for i in range(8)})
    driver = cluster.driver(notebooks, tmp_path / "out")
    until(lambda: len(cluster.begun()) == begun + 2, "no grading began")
    for _ in range(2):
        driver.send_signal(signal.SIGINT)
        time.sleep(0.2)
    status, _, err = ended(driver, 20)
    assert status == 130
    # The workers' threads are free again long before those gradings would have ended.
    write_class(tmp_path / "in", **{f"n{i}": f"1 # {i}" for i in range(8)})
    status, _, err = ended(cluster.driver(notebooks, tmp_path / "out"), 60)
    assert (status, len(graded(tmp_path / "out"))) == (1, 8), err


def certificate(folder):
    """Create a key and a self-signed certificate; return their paths."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *secret))
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return str(folder / "key.pem"), str(folder / "cert.pem")


@pytest.mark.exhaustive
def test_tls_follows_the_configuration_of_dask(place, tmp_path):
    key, cert = certificate(tmp_path)
    config = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true", "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": cert}
    for who in ("CLIENT", "SCHEDULER", "WORKER"):
        config |= {f"DASK_DISTRIBUTED__COMM__TLS__{who}__KEY": key, f"DASK_DISTRIBUTED__COMM__TLS__{who}__CERT": cert}
    folder = tmp_path / "cluster"
    folder.mkdir()
    notebooks = write_class(tmp_path / "in", a="1")
    with Processes(place, folder, "tls", config) as cluster:
        assert cluster.address.startswith("tls://")
        cluster.start_worker(*INSTANT)
        status, _, err = ended(cluster.driver(notebooks, tmp_path / "out"))
        assert status == 1, err
        cluster.config = {}  # a driver that has no certificate
        status, _, err = ended(cluster.driver(notebooks, tmp_path / "other"))
        assert status == 2
        assert "needs a certificate: name it in Dask's configuration" in err
        assert len(err.splitlines()) == 1


REAL = """
from dataclasses import replace
from reference.rubric import ASSIGNMENT as WHOLE
ASSIGNMENT = replace(WHOLE, name="tiny", program=())
"""


@pytest.fixture
def real(cluster, place, tmp_path):
    """Grade a class of one on a cluster; return a function that gives the command again."""
    (place / "tiny_course").mkdir(exist_ok=True)
    (place / "tiny_course" / "__init__.py").touch()
    (place / "tiny_course" / "rubric.py").write_text(REAL)
    cluster.start_worker(nanny=True)
    notebooks = write_class(tmp_path / "in", anna="print('anna')")

    def command(out, dask):
        return ended(cluster.driver(notebooks, tmp_path / out, "--assignment", "tiny_course", dask=dask), 250)

    status, _, err = command("out", True)
    assert status == 1, err
    return command


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_a_cluster_result_is_reused_on_this_machine(real, tmp_path):
    result = json.loads((tmp_path / "out" / "anna" / "result.json").read_text())
    assert result["environment"]["isolation"]["level"]
    _, out, err = real("out", False)
    assert "; reused" in out, err


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_the_cluster_and_this_machine_give_the_same_result(real, tmp_path):
    status, _, err = real("here", False)
    assert status == 1, err
    there, here = (json.loads((tmp_path / out / "anna" / "result.json").read_text()) for out in ("out", "here"))
    for result in (there, here):
        result["environment"].pop("seconds")
        result.pop("evidence")  # the digest of a file that has the times of the cells
    assert there == here
