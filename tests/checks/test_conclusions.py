"""Texts that conclude something and texts that do not."""

from __future__ import annotations

import pytest

from grader.checks.conclusions import concludes, is_english

CONCLUDES = [
    "The test loss flattens after epoch 12, so 20 epochs is too long.",
    "Yes, both curves are still going down at epoch 20 and the model should train longer.",
    "No, 20 epochs is enough. If we trained longer the model would overfit.",
    "The train loss keeps decreasing while the test loss stays at about 0.07 from epoch 15 on. This might be the start of overfitting.",
    "I think the model could be trained a bit longer because both losses are still decreasing.",
    "If we look at the plot, the validation loss stops improving around the 14th epoch.",
    "The gap between the two curves grows after epoch 10, which suggests overfitting.",
    "Training on the GPU took 26.2 s and on the CPU 37.6 s. That is a smaller speedup than I expected, since the MLP is tiny.",
    "The CNN is about 20 times faster on the GPU. The MLP gained almost nothing.",
    "It does not seem to overfit yet: test loss is still falling slowly, but the benefit per epoch is small.",
    "The test loss plateaus around 0.08 so there is no need to train for more than 20 epochs.",
    "The CNN needs 68 times as many operations per image as the MLP although it has fewer parameters. This explains the timings.",
    "When training on the GPU the CNN was much faster, but the MLP was about the same.",
    "Not really, I expected the speedup to be larger. The data loading is the bottleneck here.",
    "Both the losses decreased and converged. The model has learned and we can stop here.",
    "Test and train loss continue to decrease, therefore the model should train longer to improve accuracy.",
    "From the plot above, the curves seem to level off near the end of the 20 epochs, and the test loss is already slightly above the train loss.",
    "The curves indicate that the model should be trained longer.",
]

CONCLUDES_NOTHING = [
    "If both losses are still decreasing, training longer might help. If the test loss increases, the model would be overfitting.",
    "We can observe whether the model is still improving or whether it overfits. It depends on the curves.",
    "Overfitting occurs when the training loss keeps decreasing while the test loss goes up. In that case one should stop.",
    "The model may improve with more epochs, but it might also overfit. It is hard to say.",
    "It depends on whether the test loss keeps falling. If it does, the model could train longer.",
    "The speedup would depend on the size of the model. A larger model could be faster on the GPU, a small one might not.",
    "It is important to look at both curves and to decide if more training would be beneficial.",
    "Whether 20 epochs is too long depends on how the losses behave. If they plateau, then further epochs may not be useful.",
    "The plot shows the training and the test loss over the epochs. If the test loss rises, that would mean overfitting.",
    "One should look at the curves to see if the model is still learning. When the losses are flat it would be time to stop.",
    "Should the test loss increase, then the model may be overfitting, and the training could be stopped early.",
    "Generally, a GPU might be faster depending on the workload. It could also be slower for small models.",
]


@pytest.mark.parametrize("text", CONCLUDES)
def test_concludes(text: str) -> None:
    assert concludes(text)


@pytest.mark.parametrize("text", CONCLUDES_NOTHING)
def test_concludes_nothing(text: str) -> None:
    assert not concludes(text)


@pytest.mark.parametrize(
    "text",
    [
        "Wenn der Testverlust steigt, könnte das Modell überanpassen.",
        "Si la perte de test augmente, le modèle pourrait surapprendre.",
        "如果测试损失上升,模型可能过拟合。",
        "",
    ],
)
def test_other_languages_are_not_judged(text: str) -> None:
    assert not is_english(text)
    assert concludes(text)
