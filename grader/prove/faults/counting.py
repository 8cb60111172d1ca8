"""Faults in counting operations with thop."""

from __future__ import annotations

from functools import partial

from grader.prove.faults.edits import swap
from grader.prove.mutation import FaultGroup, Mutation, all_of
from grader.prove.rewriting import cell, fault

IMAGE = "image = torch.randn(1, 1, 28, 28)"
BOTH = "(('MLP', MLP()), ('CNN', CNN()))"
PROFILE = "flops, params = thop.profile(fresh_model, inputs=(image,), verbose=False)"


def counting_faults(item: str, section: str) -> tuple[Mutation, ...]:
    """Return faults of wrong inputs, wrong models and missing prints; `section` is the heading of the cells."""

    one = FaultGroup("flops", item).fault
    put = partial(swap, section=section)
    return (
        one(
            "batch",
            "A batch of 64 images is profiled.",
            put(IMAGE, "image = torch.randn(64, 1, 28, 28)"),
            ("batch of 64",),
        ),
        one(
            "larger_image",
            "The CNN is profiled with an image of 32×32 pixels.",
            all_of(
                put(
                    PROFILE,
                    "size = 32 if name == 'CNN' else 28\nflops, params = thop.profile(fresh_model, "
                    "inputs=(torch.randn(1, 1, size, size),), verbose=False)",
                )
            ),
            ("the CNN was profiled with an input of shape",),
        ),
        one(
            "one_model_twice",
            "The MLP is profiled twice.",
            put(BOTH, "(('MLP', MLP()), ('CNN', MLP()))"),
            ("CNN was not profiled",),
        ),
        one("one_model", "Only the MLP is profiled.", put(BOTH, "(('MLP', MLP()),)"), ("CNN was not profiled",)),
        one("not_printed", "The counts are not printed.", put("print(_1)", ""), ("not printed",)),
        one(
            "only_parameters",
            "Only the parameters are printed.",
            put("print(_1)", "print(f'{name}: {params:,.0f}')"),
            ("not printed",),
        ),
        one(
            "exchanged",
            "Operations and parameters are exchanged where they are printed.",
            put(PROFILE, "params, flops = thop.profile(fresh_model, inputs=(image,), verbose=False)"),
            ("exchanged|parameters|not printed",),
        ),
        one(
            "names_exchanged",
            "The MLP's counts are printed under the CNN's name, and the reverse.",
            put(BOTH, "(('CNN', MLP()), ('MLP', CNN()))"),
            ("under each other's names",),
        ),
        one(
            "operations_exchanged",
            "Each model's operations are printed under the name of the other, the parameters under the right ones.",
            put(
                PROFILE,
                f"{PROFILE}\nother = CNN() if name == 'MLP' else MLP()\n"
                "flops, _ = thop.profile(other, inputs=(image,), verbose=False)",
            ),
            ("operations of the MLP and CNN are printed under each other's names",),
        ),
        one(
            "name_copied",
            "Both counts are printed under the MLP's name.",
            put(BOTH, "(('MLP', MLP()), ('MLP', CNN()))"),
            ("under the name of the MLP",),
        ),
        one(
            "headings_exchanged",
            "Each model's name stands as a heading above the counts of the other.",
            all_of(
                put(BOTH, "(('CNN', MLP()), ('MLP', CNN()))"),
                put("print(_1)", "print(name)\nprint('  operations:', flops)\nprint('  parameters:', params)"),
            ),
            ("under each other's names",),
        ),
        one(
            "typed_in",
            "The counts are typed in.",
            put(PROFILE, "flops, params = (109184, 109386) if name == 'MLP' else (7459968, 101578)"),
            ("no model was profiled",),
        ),
        fault(
            "flops.typed_beside_a_profile",
            "Both models are profiled, and what is printed was typed in.",
            item,
            ("counts are typed in",),
            cell(
                "thop.profile(",
                f"{IMAGE}\nmlp = thop.profile(MLP(), inputs=(image,), verbose=False)\n"
                "cnn = thop.profile(CNN(), inputs=(image,), verbose=False)\n"
                "print('MLP: 109,184 MACs, 109,386 parameters')\nprint('CNN: 7,459,968 MACs, 101,578 parameters')",
            ),
        ),
        one(
            "part_of_a_model",
            "Only the convolutions of the CNN are profiled.",
            put("CNN()", "CNN().net"),
            ("CNN was not profiled",),
        ),
    )
