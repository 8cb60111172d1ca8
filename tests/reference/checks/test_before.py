"""A fault costs once: later items are judged given the faults in the data, the model, the loop and the settings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from grader.assignment import Evidence, Fail, Reference, Review, Threshold
from grader.evidence.probes import Comparison, LoaderProbe, LoopProbe, ModelProbe, Parameter
from grader.evidence.run import ModelSeen, OptimizerSeen, Pass
from reference.checks.before import counts_steps_wrongly, wrong_record_intervals
from reference.checks.before import test_records as records_of
from reference.checks.epochs import converges, mlp_converges, optimizer, ten_epochs
from reference.checks.figures import plot_checks, q2_plot
from reference.checks.new_models import cnn_epochs, gpu_epochs
from reference.checks.observed import epoch_seconds
from reference.contract import is_cnn, is_mlp
from reference.models import CNN, MLP
from tests.checks import loop_probes
from tests.checks.test_plots import line, make_epochs, plot, steps_and_ends
from tests.reference.checks.test_epochs import SGD, TEST, TIMES, TRAIN, TWENTY, evidence, models, shapes, trained

LIMITS = Reference(
    {"mlp.loss.10": Threshold(None, 0.001, "measured"), "cnn.loss.2": Threshold(None, 0.001, "measured")}
)
LOGITS = np.random.default_rng(0).normal(0, 3, (32, 10)).astype(np.float32)
PIXELS = np.random.default_rng(1).random((64, 1, 28, 28), np.float32)


def judged(e: Evidence, **parts: object) -> Evidence:
    """Return the evidence with a limit that no training meets."""
    return replace(e, reference=LIMITS, **parts)  # type: ignore[arg-type]


def loaders(**changes: LoaderProbe) -> dict[str, LoaderProbe]:
    labels = np.zeros(64, np.int64)
    right = {
        "train": LoaderProbe("train", TRAIN, "t", PIXELS, labels, PIXELS, labels, order_differs=True),
        "test": LoaderProbe("test", TEST, "t", PIXELS, labels, PIXELS, labels),
    }
    return {**right, **changes}


def model(outputs: np.ndarray | None, of: Sequence[tuple[int, ...]] | None = None, role: str = "mlp") -> ModelProbe:
    found = shapes(MLP) if of is None else of
    compared = Comparison(outputs, LOGITS, why="" if outputs is not None else "it has no parameter of shape (10, 64)")
    parameters = tuple(Parameter(f"p{n}", shape) for n, shape in enumerate(found))
    return ModelProbe(role, "class MLP", "MLP", parameters, comparisons=(compared,))


def in_function(passes: Sequence[Pass], name: str = "cpu_train") -> list[Pass]:
    return [replace(seen, function=name) if seen.trains else seen for seen in passes]


def function(**changes: object) -> dict[str, LoopProbe]:
    return {"cpu_train": replace(loop_probes.train(**changes), function="cpu_train")}  # type: ignore[no-untyped-call]


# --- data -----------------------------------------------------------------------------------------------------------

RIGHT = loaders()
WRONG_DATA = {
    "not normalised": {s: replace(RIGHT[s], first_batch=PIXELS * 0.3081 + 0.1307) for s in ("train", "test")},
    "inverted": {"train": replace(RIGHT["train"], first_batch=-PIXELS)},
    "the test only": {"test": replace(RIGHT["test"], first_batch=2 * PIXELS)},
    "another label": {"train": replace(RIGHT["train"], labels=np.ones(64, np.int64))},
    "batches of 128": {"train": replace(RIGHT["train"], seen=replace(TRAIN, batch_size=128))},
}


@pytest.mark.parametrize("wrong", WRONG_DATA.values(), ids=WRONG_DATA)
def test_a_fault_in_the_data_explains_the_losses(wrong: dict[str, LoaderProbe]) -> None:
    found = loaders(**wrong)
    said = mlp_converges(judged(evidence(TWENTY), loaders=found))
    assert "loader, which cost points before, so it costs nothing here" in str(said)
    for role, device, passes in (("mlp", "cuda", trained(32, 10, device="cuda:0")), ("cnn", "cpu", trained(39, 2))):
        seen = models(1, MLP if role == "mlp" else CNN)
        item, epochs = ("q5", 10) if role == "mlp" else ("q7", 2)
        assert converges(item, role, device, epochs)(judged(evidence(passes, seen=seen), loaders=found))


def test_right_data_explain_nothing_and_the_hint_names_no_cause() -> None:
    with pytest.raises(Fail, match="after 10 epochs the loss is") as caught:
        mlp_converges(judged(evidence(TWENTY), loaders=loaders()))
    assert not any(word in caught.value.hint for word in ("gradient", "rate", "loop"))


@pytest.mark.parametrize("part", [{"images": 4096}, {"drop_last": True}, {"dataset": "Subset", "images": 6000}])
def test_a_loader_of_a_part_of_the_images_costs_once(part: dict[str, object]) -> None:
    served = replace(TRAIN, **part)  # type: ignore[arg-type]
    passes = [replace(seen, loader=served) if seen.trains else seen for seen in TWENTY]
    found = loaders(train=replace(RIGHT["train"], seen=served))
    e = judged(evidence(passes, printed={26: TIMES}), loaders=found)
    assert ten_epochs(e)
    assert mlp_converges(e)
    assert epoch_seconds("mlp", "cpu", 10, "q3")(e)


def test_a_training_over_less_than_the_judged_loader_serves_is_lost() -> None:
    passes = [replace(seen, loader=replace(TRAIN, images=640)) if seen.trains else seen for seen in TWENTY]
    with pytest.raises(Fail, match="20 epochs of the MLP went over 640 images"):
        ten_epochs(judged(evidence(passes), loaders=loaders()))


# --- models ---------------------------------------------------------------------------------------------------------


def outputs(count: int, of: type[MLP] | type[CNN] = MLP) -> tuple[tuple[int, ...], ...]:
    return (*shapes(of)[:-2], (count, 64), (count,))


def seen_as(found: tuple[tuple[int, ...], ...]) -> dict[str, ModelSeen]:
    return {"model-1": replace(models(1)["model-1"], shapes=found)}


@pytest.mark.parametrize("count", [1, 9, 11, 100])
def test_a_wrong_number_of_outputs_costs_the_model_and_not_its_training(count: int) -> None:
    wrong = outputs(count)
    probes = {"mlp": model(None, wrong), "cnn": model(None, outputs(count, CNN), "cnn")}
    e = judged(evidence(TWENTY, seen=seen_as(wrong), printed={26: TIMES}), models=probes)
    for check in (ten_epochs, optimizer, mlp_converges, epoch_seconds("mlp", "cpu", 10, "q3")):
        assert check(e)
    on_gpu = evidence(trained(32, 10, device="cuda:0"), seen=seen_as(wrong))
    assert gpu_epochs(judged(on_gpu, models=probes))
    cnn = judged(evidence(trained(39, 2), seen=seen_as(outputs(count, CNN))), models=probes)
    assert cnn_epochs("q7", "cpu")(cnn)
    assert converges("q7", "cnn", "cpu", 2)(cnn)


def test_another_model_with_another_number_of_outputs_is_not_the_notebook_s_mlp() -> None:
    e = judged(evidence(TWENTY, seen=seen_as(outputs(11))), models={"mlp": model(LOGITS)})
    with pytest.raises(Fail, match="the model that was trained in cell 22 has no 10 outputs, so it is not the MLP"):
        ten_epochs(e)


def test_models_are_taken_for_what_they_are_nearest_to() -> None:
    assert all(is_mlp(outputs(count)) and not is_cnn(outputs(count)) for count in (1, 11, 100))
    assert all(is_cnn(outputs(count, CNN)) and not is_mlp(outputs(count, CNN)) for count in (1, 11, 100))
    assert is_cnn([(32, 3, 3, 3), (32,), (10, 32), (10,)])  # images of three channels
    assert not is_mlp([(64, 784), (64,), (784, 64), (784,)])  # an autoencoder
    assert not is_mlp([(6, 3), (5, 6), (3, 5)])  # of the tour
    assert is_mlp([(10, 784), (10,)])


@pytest.mark.parametrize("factor", [0.01, 2.0])
def test_a_wrong_model_s_losses_cost_nothing_more(factor: float) -> None:
    probes = {"mlp": model(factor * LOGITS)}
    assert "this rests on the MLP" in str(mlp_converges(judged(evidence(TWENTY), models=probes)))
    repeated = replace(evidence(TWENTY).run, repeated=frozenset({"model-1"}))
    assert "follow" in str(mlp_converges(judged(replace(evidence(TWENTY), run=repeated), models=probes)))


def test_a_wrong_class_excuses_no_other_model() -> None:
    narrow = ((32, 784), (32,), (10, 32), (10,))
    e = judged(evidence(TWENTY, seen=seen_as(narrow)), models={"mlp": model(2 * LOGITS)})
    with pytest.raises(Fail, match="after 10 epochs the loss is"):
        mlp_converges(e)


def test_the_training_of_the_notebook_s_own_model_is_judged() -> None:
    narrow = ((32, 784), (32,), (10, 32), (10,))
    both = {**seen_as(narrow), "model-2": replace(models(2)["model-2"])}
    asked = [replace(seen, start=seen.start + 500) for seen in trained(22, 10, "model-2")]
    stale = replace(SGD, model_share=0.0)
    tried = [replace(seen, optimizer=stale) if seen.trains else seen for seen in trained(18, 10)]
    assert ten_epochs(judged(evidence([*tried, *asked], seen=both), models={"mlp": model(LOGITS)}))


# --- loops ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [loop_probes.PILED_UP, {"w": np.full((4, 3), -1, np.float32)}])
@pytest.mark.parametrize("grown", [1.0, 1000.0, None])
def test_a_wrong_training_function_explains_the_losses(weights: dict[str, np.ndarray], grown: float | None) -> None:
    passes = [
        replace(seen, losses=tuple(x and grown and x * grown for x in seen.losses)) for seen in in_function(TWENTY)
    ]
    said = mlp_converges(judged(evidence(passes), loops=function(weights=weights)))
    assert "this rests on the function 'cpu_train', which cost points before" in str(said)


def test_a_right_training_function_explains_nothing_and_no_rate_is_blamed() -> None:
    diverged = [replace(seen, losses=(None,) * len(seen.losses)) for seen in in_function(TWENTY)]
    with pytest.raises(Fail, match="stops being a number in epoch 1") as caught:
        mlp_converges(judged(evidence(diverged), loops=function()))
    assert "learning rate" not in caught.value.hint
    with pytest.raises(Fail):  # another function trained
        mlp_converges(judged(evidence(in_function(TWENTY, "fit")), loops=function(weights=loop_probes.PILED_UP)))


def test_a_loss_that_the_function_multiplies_costs_the_function_and_not_the_cnn() -> None:
    cnn = seen_as(shapes(CNN))
    summed = [
        replace(p, mean_loss=1.0, backwards=p.batches, losses=(p.samples / p.batches,) * p.batches) if p.trains else p
        for p in in_function(trained(39, 2))
    ]
    check = converges("q7", "cnn", "cpu", 2)
    wrong = judged(evidence(summed, seen=cnn), loops=function(weights=loop_probes.PILED_UP))
    assert "this rests on the function 'cpu_train', which cost points before" in str(check(wrong))
    with pytest.raises(Fail, match="is the sum over its images"):  # the criterion of the notebook is what sums
        check(judged(evidence(summed, seen=cnn), loops=function()))


def test_steps_too_small_to_learn_by_are_not_excused() -> None:
    tiny = OptimizerSeen("SGD", 1e-9, 0.5, model_share=1.0)
    passes = [replace(seen, optimizer=tiny) if seen.trains else seen for seen in in_function(TWENTY)]
    with pytest.raises(Fail, match="after 10 epochs the loss is"):
        mlp_converges(judged(evidence(passes), loops=function(weights=loop_probes.PILED_UP), loaders=loaders()))


def curves(of: Sequence[tuple[float, ...]] | None = None) -> Evidence:
    epochs = make_epochs(20)
    train, validation = steps_and_ends(epochs[:10])
    drawn = replace(validation, y=tuple(of[0])) if of is not None else validation
    return evidence(TWENTY, figures=[replace(plot(train, drawn), cell=24)])


DRAW = random.Random(3)
ODD = {
    "of the last batch": tuple(DRAW.uniform(0.001, 4) for _ in range(10)),
    "of shifted labels": tuple(2.3 + 0.5 * n for n in range(10)),
    "divided by images": tuple(1e-5 * DRAW.uniform(1, 9) for _ in range(10)),
}


@pytest.mark.parametrize("values", ODD.values(), ids=ODD)
def test_what_a_wrong_test_function_recorded_is_the_validation_curve(values: tuple[float, ...]) -> None:
    checks = plot_checks("q2", q2_plot, (1, 1, 1, 1, 1), "q2.trained")
    wrong = {"cpu_test": loop_probes.evaluation(lists={"test_losses": (loop_probes.TEST_LOSSES[-1],)})}  # type: ignore[no-untyped-call]
    assert all(check.run(replace(curves([values]), loops=wrong)) for check in checks)
    right = {"cpu_test": loop_probes.evaluation()}  # type: ignore[no-untyped-call]
    with pytest.raises(Fail):
        checks[0].run(replace(curves([values]), loops=right))
    assert all(check.run(replace(curves(), loops=right)) for check in checks)
    assert [records_of(replace(curves(), loops=each)) for each in (wrong, right, {})] == ["wrong", "right", "unknown"]


def test_a_wrong_test_function_makes_no_curve_of_what_is_none() -> None:
    wrong = {"cpu_test": loop_probes.evaluation(lists={"test_losses": (9.0,)})}  # type: ignore[no-untyped-call]
    train, _ = steps_and_ends(make_epochs(20)[:10])
    for other in (line("ideal", [0, 1000], [0.1, 0.1]), line("validation", [0, 1, 2] * 9, [0.3] * 27)):
        e = replace(evidence(TWENTY, figures=[replace(plot(train, other), cell=24)]), loops=wrong)
        with pytest.raises(Fail):
            plot_checks("q2", q2_plot, (1, 1, 1, 1, 1), "q2.trained")[0].run(e)


def test_what_a_wrong_training_function_recorded_is_the_training_curve() -> None:
    checks = plot_checks("q2", q2_plot, (1, 1, 1, 1, 1), "q2.trained")
    train, validation = steps_and_ends(make_epochs(20)[:10])
    shifted = replace(train, y=tuple(y and y**2 - 9 for y in train.y))
    e = evidence(TWENTY, figures=[replace(plot(shifted, validation), cell=24)])
    right = loop_probes.recorded((0, 100, 200))  # type: ignore[no-untyped-call]
    steps_only = function(lists={**right, "train_losses": tuple(64 * y for y in right["train_losses"])})
    assert wrong_record_intervals(replace(e, loops=steps_only))[0] == 100
    assert all(check.run(replace(e, loops=steps_only)) for check in checks)
    for loops in (function(), function(lists={**right, "steps": (1.0, 2.0, 3.0)}), {}):
        assert wrong_record_intervals(replace(e, loops=loops)) == ()
        with pytest.raises(Fail, match="holds no losses of this training"):
            checks[0].run(replace(e, loops=loops))


def test_wrong_steps_are_not_charged_again_by_the_x_axis() -> None:
    epochs = make_epochs(20)
    train, validation = steps_and_ends(epochs[:10])
    local = replace(train, x=tuple(float(n % 128) for n in range(len(train.x))))
    e = evidence(TWENTY, figures=[replace(plot(local, validation), cell=24)])
    share = plot_checks("q2", q2_plot, (1, 1, 1, 1, 1), "q2.trained")[4].run
    local_steps = {"train_losses": loop_probes.recorded((0, 100, 200))["train_losses"], "steps": (1.0, 101.0, 201.0)}  # type: ignore[no-untyped-call]
    for probes in (function(lists=local_steps), function(returned=(1.0,))):
        assert counts_steps_wrongly(replace(e, loops=probes))
        assert "cost points before" in str(share(replace(e, loops=probes)))
    with pytest.raises(Fail, match="do not share an x axis"):
        share(replace(e, loops=function()))


# --- settings -------------------------------------------------------------------------------------------------------


def trial(number: int, epochs: int, lr: float) -> list[Pass]:
    made = OptimizerSeen("SGD", lr, 0.5, model_share=1.0)
    passes = trained(18, epochs, f"model-{number}")
    return [replace(p, start=p.start - 1000 * number, optimizer=made if p.trains else None) for p in passes]


@pytest.mark.parametrize("epochs", [1, 2, 10])
def test_trials_of_other_rates_do_not_count_as_the_training(epochs: int) -> None:
    passes = [*trial(2, epochs, 0.1), *trial(3, epochs, 0.001), *TWENTY]
    e = evidence(sorted(passes, key=lambda seen: seen.start), seen=models(3))
    assert optimizer(e) == "SGD with learning rate 0.01 and momentum 0.5"
    assert ten_epochs(e)
    wrong = [replace(p, optimizer=replace(SGD, lr=0.1)) if p.trains else p for p in TWENTY]
    passes = sorted([*trial(2, epochs, 0.01), *wrong], key=lambda seen: seen.start)
    with pytest.raises(Fail, match=r"the learning rate is 0\.1"):
        optimizer(evidence(passes, seen=models(2)))


def test_the_asked_training_is_judged_where_the_trials_are_as_long() -> None:
    passes = [*trial(2, 10, 0.1), *trial(3, 10, 0.001), *trained(22, 10)]
    e = evidence(sorted(passes, key=lambda seen: seen.start), seen=models(3))
    assert optimizer(e) == "SGD with learning rate 0.01 and momentum 0.5"
    both = sorted([*trial(2, 10, 0.1), *trial(3, 10, 0.001)], key=lambda seen: seen.start)
    with pytest.raises(Fail, match="the learning rate is 0"):
        optimizer(evidence(both, seen=models(3)))


def test_wrong_settings_cost_the_loops_and_not_the_curve() -> None:
    tenfold = [replace(p, optimizer=replace(SGD, lr=0.1)) if p.trains else p for p in TWENTY]
    e = judged(evidence(tenfold))
    e = replace(e, run=replace(e.run, repeated=frozenset({"model-1"})))
    assert "this rests on the optimizer's settings" in str(mlp_converges(e))
    with pytest.raises(Fail):  # steps that nobody could repeat
        mlp_converges(replace(e, run=replace(e.run, repeated=frozenset())))


def test_another_optimizer_costs_the_loops_if_it_learned() -> None:
    made = replace(SGD, kind="RMSprop")
    learned = [replace(p, optimizer=made) if p.trains else p for p in TWENTY]
    assert "this rests on the optimizer's settings" in str(mlp_converges(judged(evidence(learned))))
    unchecked = judged(evidence(learned))
    unchecked = replace(unchecked, run=replace(unchecked.run, unchecked={"model-1": "nothing gives its losses"}))
    guessed = [
        replace(p, losses=(2.3,) * len(p.losses), mean_loss=2.3, sample_loss=2.3) if p.trains else p for p in learned
    ]
    for e in (unchecked, judged(evidence(guessed))):
        with pytest.raises(Fail, match="after 10 epochs the loss is"):
            mlp_converges(e)


def test_curves_of_losses_that_overflowed_cost_once() -> None:
    nothing = [(None,) * 20, (None,) * 10]
    lines = [replace(drawn, y=y) for drawn, y in zip(steps_and_ends(make_epochs(20)[:10]), nothing, strict=True)]
    figures = [replace(plot(*lines), cell=24)]
    huge = replace(SGD, lr=100.0)
    checks = plot_checks("q2", q2_plot, (1, 1, 1, 1, 1), "q2.trained")

    def run(made: OptimizerSeen) -> Evidence:
        passes = [replace(p, losses=(None,) * len(p.losses), optimizer=made) if p.trains else p for p in TWENTY]
        return evidence(passes, figures=figures)

    assert all(check.run(run(huge)) for check in checks)
    assert "this rests on the optimizer's settings" in str(checks[0].run(run(huge)))
    assert "this rests on the optimizer's settings" in str(mlp_converges(run(huge)))
    with pytest.raises(Fail, match="most values of the curves are nan"):
        checks[0].run(run(SGD))
    with pytest.raises(Fail, match="most values of the curves are nan"):  # the losses are numbers, their plot is not
        checks[0].run(evidence(TWENTY, figures=figures))


def test_no_fault_excuses_a_training_that_is_not_confirmed_or_not_believed() -> None:
    e = judged(
        evidence(in_function(TWENTY)), models={"mlp": model(2 * LOGITS)}, loaders=loaders(**WRONG_DATA["inverted"])
    )
    why = {"model-1": "the weights do not give the loss"}
    for check in (ten_epochs, mlp_converges):
        found = check(replace(e, run=replace(e.run, unchecked=why)))
        assert isinstance(found, Review)
        assert found.credit == 0
        with pytest.raises(Fail, match="is not believed"):
            check(replace(e, run=replace(e.run, doubts=why)))
    still = [replace(seen, steps=0, optimizer=None) for seen in in_function(TWENTY)]
    with pytest.raises(Fail, match=r"no step|took no"):
        ten_epochs(judged(evidence(still), loops=function(weights=loop_probes.START)))
