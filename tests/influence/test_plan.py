"""Plans: their bytes against what is really there, and the advice of one that does not fit."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from influence.scan_cases import Case, Counting
from torch import nn

from dvlwidgets.errors import InputError
from dvlwidgets.influence import free_memory, planning
from dvlwidgets.influence import plan as plans
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.explorer import Explorer
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.plan import Plan, plan_of
from dvlwidgets.influence.reducers import Moments, TopPerTest
from dvlwidgets.influence.runs import InfluenceStatistics
from dvlwidgets.influence.scan import factors_of
from dvlwidgets.influence.store import GradientStore

CASE = Case()


def problem(seed: int, n: int = 300, q: int = 50):
    """A net with data; each test has its own, for stores are shared by all that hold one of the same data."""
    draw = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 4))
    x, y = torch.randn(n + q, 20, generator=draw), torch.randint(0, 4, (n + q,), generator=draw)
    return net, (x[:n], y[:n]), (x[n:], y[n:])


def test_bytes_are_those_that_store_factors_and_results_really_take():
    net, train, test = problem(1)
    model = DirectInfluence(net, nn.CrossEntropyLoss(), 1.0)
    reducers = [Moments(), TopPerTest(3)]
    plan = plan_of(model, test, train, reducers=reducers)
    model.fit(train)
    store = GradientStore.of(model, train)
    store.rows(0, 300)
    assert plan["store"].nbytes == store.nbytes
    assert plan["factors"].nbytes == factors_of(model, Batches.of(test)).nbytes
    summary = InfluenceStatistics(model, test, reducers=reducers).fit(train).result
    own = [v for name, v in summary.columns.items() if name != "loss"]
    tables = [v for table in summary.tables.values() for v in table.values()]
    assert plan["results"].nbytes == sum(v.nbytes for v in [*own, *tables])
    assert plan["curvature"].nbytes == model.bytes_needed()
    assert plan.nbytes == sum(item.nbytes for item in plan.items)
    assert plan.fits
    assert plan.check() is plan


def test_multiplications_are_counted():
    net, train, test = problem(2)
    plan = plan_of(DirectInfluence(net, nn.CrossEntropyLoss(), 1.0), test, train)
    p = sum(t.numel() for t in net.parameters())
    assert plan["tile"].flops == 2 * 300 * 50 * p
    assert plan["factors"].flops == 2 * 50 * p**2
    assert plan["curvature"].flops == pytest.approx(p**3 / 3)
    forward = 2 * 300 * (20 * 16 + 16 * 4)
    assert forward < plan["store"].flops <= 3 * forward


def test_what_is_there_already_takes_nothing_more():
    net, train, test = problem(3)
    model = DirectInfluence(net, nn.CrossEntropyLoss(), 1.0).fit(train)
    store = GradientStore.of(model, train)
    assert plan_of(model, test, train)["store"].nbytes == store.nbytes
    store.rows(0, 300)
    plan = plan_of(model, test, train)
    assert plan["store"].nbytes == 0
    assert plan["store"].words == "computed already"
    assert plan["curvature"].words == "learned already"


def test_a_store_on_disk_is_no_memory(tmp_path):
    net, train, test = problem(4)
    model = GradDotInfluence(net, nn.CrossEntropyLoss())
    plan = plan_of(model, test, train, path=tmp_path, dtype="bfloat16")
    resident = plan_of(model, test, train)
    assert plan["store"].where == "disk"
    each = 300 * planning.BESIDE
    assert plan["store"].nbytes - each == (resident["store"].nbytes - each) // 2
    assert plan.nbytes == resident.nbytes - resident["store"].nbytes
    assert not list(tmp_path.iterdir())  # planning writes nothing


def test_a_plan_reads_as_a_small_table():
    net, train, test = problem(5)
    lines = repr(plan_of(DirectInfluence(net, nn.CrossEntropyLoss(), 1.0), test, train)).splitlines()
    assert lines[0] == "DirectInfluence: 300 training x 50 test points, 404 parameters"
    assert [line.split()[0] for line in lines[2:-1]] == [
        "curvature", "store", "factors", "tile", "batch", "results",
    ]  # fmt: skip
    assert "layers as factors" in lines[3]
    assert "are free" in lines[-1]
    net, train, test = problem(6)  # nobody holds a store of this one
    plan = plan_of(GradDotInfluence(net, nn.CrossEntropyLoss()), test, train)
    assert "numbers a point" in repr(plan)


def small(**sizes: int) -> Plan:
    """A plan with these bytes on a machine with 1 MB."""
    words = {"curvature": 0, "store": 0, "factors": 0, "tile": 0, "batch": 0, "results": 0} | sizes
    items = tuple(plans.Item(name, nbytes, plans.MEMORY, 1.0, "") for name, nbytes in words.items())
    return Plan("DirectInfluence", 1000, 200, 300, 50, 4, items, 1_000_000)


@pytest.mark.parametrize(
    ("sizes", "advice"),
    [
        ({"store": 5_000_000}, "path='gradients'"),
        ({"store": 1_500_000}, "dtype='bfloat16'"),
        ({"curvature": 5_000_000}, "EkfacInfluence"),
        ({"tile": 5_000_000}, "budget=100000"),
        ({"factors": 2_000_000}, "fewer test points, 100 of them"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(sizes, advice):
    plan = small(**sizes)
    assert not plan.fits
    with pytest.raises(InputError, match=f"The most is the {next(iter(sizes))}") as refused:
        plan.check()
    told = {line.split(":")[0]: line for line in str(refused.value).splitlines()[1:]}
    fitting = [line for line in told.values() if line.endswith(", fits")]
    assert any(advice in line for line in fitting)
    # only what helps is advised, best first
    left = [float(re.search(r": ([\d.]+) (?:kB|MB|bytes)", line).group(1)) for line in told.values()]
    assert len(left) == len(told)
    assert "0 bytes" not in refused.value.args[0].splitlines()[0]


def test_choices_that_help_only_together_are_told_so():
    with pytest.raises(InputError, match=r"the best of each together: .*, fits"):
        small(store=5_000_000, curvature=5_000_000, factors=100_000).check()


def test_projection_is_advised_where_it_saves():
    plan = replace(small(store=500_000_000, factors=100_000_000), free=50_000_000)
    with pytest.raises(InputError, match=r"TrakInfluence.*fits"):
        plan.check()
    with pytest.raises(InputError) as refused:
        small(store=2_000_000).check()
    assert "Trak" not in str(refused.value)


def test_a_run_that_cannot_fit_is_refused_before_any_work(monkeypatch, tmp_path):
    data = (np.zeros((30, 3), np.float32), np.zeros((30, 1), np.float32))
    monkeypatch.setattr(planning, "free_bytes", lambda _: 100)
    model = Counting()
    with pytest.raises(InputError, match="Smaller choices"):
        InfluenceStatistics(model, data).prepare_run(data)
    with pytest.raises(InputError, match="Smaller choices"):
        InfluenceStatistics(model, data).fit(data, checkpoint=tmp_path)
    with pytest.raises(InputError, match="Smaller choices"):
        Explorer(CASE.model(), CASE.train, CASE.test).prepare_run()
    assert (model.fits, model.solved) == (0, 0)


def test_a_containers_limit_counts(tmp_path):
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 150\n")
    assert free_memory._of_container(tmp_path) == 450
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory._of_container(tmp_path) > 1 << 60
    assert free_memory._of_container(tmp_path / "none") > 1 << 60
