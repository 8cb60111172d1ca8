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
    "Based on the plot, train loss continues to decrease gradually whereas test loss starts to flatten, so more training won't improve accuracy by much.",
    "Looking at the graph the model is still learning and it would benefit from more epochs.",
    "The training loss and test loss both decrease. I would train longer.",
    "I would say 20 epochs is too long because of overfitting.",
    "20 epochs might be too long since the test loss has stopped going down.",
    "The model should train longer. Both lines have a downward slope.",
    "We can see that the test loss has converged. Training longer could lead to overfitting.",
    "We can observe that the losses are decreasing.",
    "The training is faster on GPU but not by much. This could be because of data transfer.",
    "It was 1.4x faster. I expected more.",
    "The GPU was slower than the CPU, probably because the network is so small.",
    "For the CNN the GPU took 8 seconds per epoch versus 45 seconds on the CPU.",
    "These results are what I expected. The CNN has more FLOPs.",
    "The test loss may have plateaued, but the training loss still drops, which indicates overfitting.",
    "Since the test loss curve remains roughly parallel to the train loss curve and both decline, the model could use more training.",
    "Model is overfitting after 10 epochs",
    "training loss kept going down, test loss didn't, so stop at 15",
    "The curves suggest that the model could still improve if trained for longer.",
    "the gpu is faster",
    "There is no sign of overfitting in the plot. It might be worth training for a few more epochs.",
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
    "If the curves are still going down, then we should train longer. If not, then 20 epochs is too long.",
    "It depends. If the test loss is increasing, 20 epochs may be too long, otherwise the model might benefit from longer training.",
    "We would need to check whether the test loss is still decreasing.",
    "To determine this, one should look at the test loss. A decreasing test loss would indicate that more training could help.",
    "Training longer may improve accuracy, but could also lead to overfitting.",
    "A model is overfitting when the training loss decreases while the validation loss increases.",
    "The GPU may or may not be faster depending on the batch size and the model.",
    "If there is a gap between the train and test loss, the model may be overfitting; if there is none, it may be underfitting.",
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
