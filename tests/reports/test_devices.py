"""Where a function had its tensors, and the shares of its work."""

from dataclasses import replace

from grader.evidence.probes import LoopRun, Placement
from grader.reports.devices import placement
from tests.browser.samples import evidence

PROBE = evidence().loops["gpu_train"]


def test_devices_are_named_as_people_do_and_the_shares_fill_the_bar():
    row = placement(PROBE)
    assert (row.model, row.labels, row.losses) == (("GPU",), ("GPU", "CPU"), ("CPU",))
    assert [(share.device, share.start, share.percent) for share in row.flops] == [("CPU", 0, 13), ("GPU", 13, 87)]


def test_nothing_measured_is_no_row_and_no_work_is_no_share():
    assert placement(replace(PROBE, student=None)) is None
    assert placement(replace(PROBE, student=LoopRun({}, {}))) is None
    assert (
        placement(replace(PROBE, student=LoopRun({}, {}, placement=Placement(flops={"cpu": 0})))).flops[0].percent == 0
    )
