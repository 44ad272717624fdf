"""The page that explains a function: its facts, its picture, its HTML, and how the command refuses."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from straightline import HEADER, functions

from vecgnn import cli, llvm
from vecgnn.errors import InputError, ToolError
from vecgnn.explain import page, picture, study
from vecgnn.explain.collect import Study
from vecgnn.explain.drawing import draw
from vecgnn.explain.facts import Choice, take_apart
from vecgnn.explain.layout import Box, Link, lay_out
from vecgnn.ir.reader import read_module
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.schedule import Order

KERNELS = Path(__file__).parent.parent / "datasets/kernels"
SOME = ("quaternion", "matrix_4x4", "integer_reductions", "cast_widths", "clamp_select", "transpose")

BODY = """  %a1 = getelementptr i8, ptr %a, i64 4
  %b1 = getelementptr i8, ptr %b, i64 4
  %x0 = load i32, ptr %a, align 4
  %x1 = load i32, ptr %a1, align 4
  %s0 = add i32 %x0, %n
  %s1 = add i32 %x1, 7
  store i32 %s0, ptr %b, align 4
  store i32 %s1, ptr %b1, align 4
  ret i32 %s1
"""


def module_of(body: str, name: str = "@f", arguments: str = "ptr noalias %a, ptr noalias %b, i32 %n") -> str:
    attributes = 'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
    return f"{HEADER}define i32 {name}({arguments}) #0 {{\n{body}}}\n{attributes}"


PAIR = module_of(BODY)


def ours(text: str, function: str | None = None) -> Study:
    return study(text, "in.ll", function=function, packers=["greedy"])


@cache
def kernel(name: str) -> str:
    from vecgnn.compare import before_slp_of

    return before_slp_of(KERNELS / f"{name}.c", ["-march=x86-64-v3"])


# Facts


def test_terms_of_a_small_function():
    found = ours(PAIR)
    choice = found.choices["greedy"]
    assert [pack.title for pack in choice.packs] == ["load ×2", "add ×2", "store ×2"]
    kinds = [(operand.kind, operand.price, operand.makers, operand.users) for operand in choice.operands]
    assert kinds == [("whole", 0, (0,), (1,)), ("gather", 1, (), (1,)), ("whole", 0, (1,), (2,))]
    assert choice.operands[1].steps == ("literal <–, 7>", "insert %n into lane 0")
    assert [extract.name for extract in choice.packs[1].extracts] == ["%s1"]
    names = {found.function.instructions[index].name for index in choice.gone}
    assert names == {"%a1", "%b1"}
    assert sum(term.price for term in choice.terms) == choice.total < choice.scalar


def test_what_a_pack_is_worth_is_the_change_without_it():
    found = ours(PAIR)
    assert found.problem is not None
    choice = found.choices["greedy"]
    for pack in choice.packs:
        pricer = Pricer(found.problem.graph, found.problem.target)
        pricer.update(add=[other.pack for other in choice.packs if other is not pack])
        assert pack.without == pricer.total - choice.total


@pytest.mark.parametrize("name", SOME)
def test_terms_sum_to_the_price_of_each_kernel(name: str):
    text = kernel(name)
    checked = 0
    for function in read_module(text).functions:
        found = ours(text, function.name)
        if found.reason:
            continue
        assert found.problem is not None
        choice, solution = found.choices["greedy"], found.answers[0].solution
        assert solution is not None
        pricer = Pricer(found.problem.graph, found.problem.target)
        pricer.update(add=[pack.pack for pack in choice.packs])
        assert sum(term.price for term in choice.terms) == choice.total == pricer.total
        assert choice.total - choice.scalar == solution.objective
        checked += bool(choice.packs)
    assert checked


@settings(max_examples=80, deadline=None)
@given(functions(), st.data())
def test_terms_sum_to_the_price_of_any_legal_packing(text: str, data: st.DataObject):
    found = ours(text, "f")
    assert found.problem is not None
    problem = found.problem
    order = Order(problem.graph)
    packs = []
    candidates = candidate_packs(problem.candidates).packs
    if not candidates:
        return
    for pack in data.draw(st.lists(st.sampled_from(candidates), max_size=8, unique=True)):
        if not any(lane in other.lanes for other in packs for lane in pack.lanes) and order.add(pack):
            packs.append(pack)
    pricer = Pricer(problem.graph, problem.target)
    pricer.update(add=packs)
    if pricer.unpriced:
        return
    choice = take_apart(problem.graph, problem.target, packs)
    assert sum(term.price for term in choice.terms) == choice.total == pricer.total
    assert_placed_once(found, choice)


def test_candidates_say_what_became_of_them():
    found = ours(PAIR)
    assert found.offers is not None
    fates = {offer.title: offer.fates["greedy"].kind for offer in found.offers.shown}
    assert fates["store ×2"] == fates["load ×2"] == "chosen"
    assert all(offer.chosen for offer in found.offers.shown[:3])


def test_a_candidate_left_out_tells_the_change_of_the_price():
    found = ours(kernel("fft8"), next(f.name for f in read_module(kernel("fft8")).functions if not f.reason))
    assert found.offers is not None and found.problem is not None
    choice = found.choices["greedy"]
    pricer = Pricer(found.problem.graph, found.problem.target)
    pricer.update(add=[pack.pack for pack in choice.packs])
    for offer in found.offers.shown:
        fate = offer.fates["greedy"]
        if fate.kind == "alone":
            assert pricer.update(add=(offer.pack,)) == fate.change
            pricer.update(remove=(offer.pack,))
        elif fate.kind == "overlaps":
            lanes = {lane for number in fate.packs for lane in choice.packs[number].pack.lanes}
            assert lanes & set(offer.pack.lanes)


# Listings


def test_every_line_of_the_vector_code_has_its_owner():
    lines = ours(PAIR).answers[0].after
    assert [(line.role, line.pack) for line in lines[1:-1]] == [
        ("vector", 0),
        ("operand", 1),
        ("vector", 1),
        ("extract", 1),
        ("vector", 2),
        ("scalar", None),
    ]


def test_vector_stores_are_known_by_any_pointer():
    """Into a global at a constant offset, and twice to one place."""
    place = "getelementptr inbounds (i8, ptr @g, i64 8)"
    body = (
        "  %x = load <2 x i32>, ptr %a, align 8\n"
        "  %x0 = extractelement <2 x i32> %x, i64 0\n  %x1 = extractelement <2 x i32> %x, i64 1\n"
        f"  store i32 %x0, ptr {place}, align 4\n"
        f"  store i32 %x1, ptr {place.replace('8)', '12)')}, align 4\n"
        "  %y0 = load i32, ptr %b, align 4\n  %b1 = getelementptr i8, ptr %b, i64 4\n"
        "  %y1 = load i32, ptr %b1, align 4\n"
        f"  store i32 %y0, ptr {place}, align 4\n"
        f"  store i32 %y1, ptr {place.replace('8)', '12)')}, align 4\n"
        "  ret i32 0\n"
    )
    found = ours(module_of(body).replace("define", "@g = global [8 x i32] zeroinitializer\n\ndefine"))
    lines = [line for line in found.answers[0].after if "store" in line.text]
    stores = [line.pack for line in lines if line.pack is not None]
    titles = [found.choices["greedy"].packs[pack].title for pack in stores]
    assert titles == ["store ×2", "store ×2"] and stores == sorted(stores)


@pytest.mark.parametrize("name", SOME)
def test_every_pack_of_a_kernel_has_its_line(name: str):
    text = kernel(name)
    for function in read_module(text).functions:
        found = ours(text, function.name)
        for answer in found.answers:
            if answer.choice and answer.after:
                vectors = [line.pack for line in answer.after if line.role == "vector"]
                assert sorted(pack for pack in vectors if pack is not None) == list(
                    range(len(answer.choice.packs))
                )
                assert all(line.pack is not None for line in answer.after if line.role == "operand")


def test_numbers_are_shown_as_they_came():
    numbers: dict[str, int] = dict(
        zip("a b n a1 b1 x0 x1 s0 s1".split(), (0, 1, 2, *range(4, 10)), strict=True)
    )
    body = re.sub(r"%(\w+)", lambda found: f"%{numbers[found[1]]}", BODY)
    found = ours(module_of(body, arguments="ptr noalias %0, ptr noalias %1, i32 %2"))
    shown = "\n".join(line.text for line in found.answers[0].after)
    assert "%9 = extractelement" in shown and "%v" not in shown


# Picture


def assert_placed_once(found: Study, choice: Choice) -> None:
    assert found.problem is not None
    for block in found.function.blocks:
        drawing = draw(found.problem.graph, choice, block.index)
        placed = sorted(chip.instruction for node in drawing.nodes for chip in node.chips)
        assert placed == list(range(block.start, block.stop))
        boxes = [
            (x, y, x + node.width, y + node.height)
            for node, (x, y) in zip(drawing.nodes, drawing.layout.places, strict=True)
        ]
        assert_apart(boxes)
        for node in drawing.nodes:
            chips = [(chip.x, chip.y, chip.x + chip.width, chip.y + chip.height) for chip in node.chips]
            assert_apart(chips)
            for left, top, right, bottom in chips:
                assert left >= 0 and top >= 0
                assert right <= node.width + 0.01 and bottom <= node.height + 0.01
        for left, top, right, bottom in boxes:
            assert left >= -0.01 and top >= 0
            assert right <= drawing.layout.width + 0.01 and bottom <= drawing.layout.height + 0.01


def assert_apart(boxes: list[tuple[float, float, float, float]]) -> None:
    ordered = sorted(boxes)
    for position, (left, top, right, bottom) in enumerate(ordered):
        for other in ordered[position + 1 :]:
            if other[0] >= right - 0.01:
                break
            assert other[1] >= bottom - 0.01 or other[3] <= top + 0.01, (left, top, other)


@pytest.mark.parametrize("name", SOME)
def test_pictures_of_kernels_place_everything_once(name: str):
    text = kernel(name)
    for function in read_module(text).functions:
        found = ours(text, function.name)
        for choice in found.choices.values():
            assert_placed_once(found, choice)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_layout_keeps_links_downwards_and_boxes_apart(data: st.DataObject):
    count = data.draw(st.integers(1, 30))
    boxes = [Box(data.draw(st.integers(20, 300)), data.draw(st.integers(10, 80))) for _ in range(count)]
    links = []
    for _ in range(data.draw(st.integers(0, 2 * count)) if count > 1 else 0):
        source = data.draw(st.integers(0, count - 2))
        target = data.draw(st.integers(source + 1, count - 1))
        links.append(Link(source, target, boxes[source].width / 2, boxes[target].width / 3))
    layout = lay_out(boxes, links, max_width=600)
    corners = [
        (x, y, x + box.width, y + box.height) for box, (x, y) in zip(boxes, layout.places, strict=True)
    ]
    assert_apart(corners)
    for link, route in zip(links, layout.routes, strict=True):
        assert corners[link.source][3] < corners[link.target][1]
        if route:
            heights = [y for _, y in route]
            assert heights == sorted(heights)
            assert route[0] == (
                pytest.approx(corners[link.source][0] + link.leaves),
                pytest.approx(corners[link.source][3]),
            )
            assert route[-1] == (
                pytest.approx(corners[link.target][0] + link.enters),
                pytest.approx(corners[link.target][1]),
            )


def test_layout_refuses_a_cycle():
    boxes = [Box(10, 10), Box(10, 10)]
    with pytest.raises(ValueError, match="cycle"):
        lay_out(boxes, [Link(0, 1, 5, 5), Link(1, 0, 5, 5)])


# HTML


class Checker(HTMLParser):
    """Balanced tags, and nothing that a browser would fetch."""

    VOID = frozenset({"meta", "br", "path", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.prices = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert not {"src", "href", "xlink:href", "onclick"} & values.keys()
        assert tag not in ("link", "iframe", "img", "object")
        if tag == "tr" and (price := values.get("data-price")):
            self.prices += int(price)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert not re.search(r"https?://|@import|url\(", html)
    return checker


@pytest.mark.parametrize("name", ["quaternion", "integer_reductions"])
def test_page_is_well_formed_and_its_table_sums_to_the_price(name: str):
    text = kernel(name)
    for function in read_module(text).functions:
        found = ours(text, function.name)
        html = page(found)
        total = sum(choice.total for choice in found.choices.values())
        assert checked(html).prices == total


def test_special_characters_are_escaped():
    name = '@"a<b>&\\22c</script>"'
    local = '%"x<i>\\22&"'
    text = module_of(BODY.replace("%s0", local), name).replace(local + "\n", local + "\n")
    found = ours(text)
    html = page(found)
    assert "<i>\\22" not in html and "a<b>" not in html
    assert html.count("</script>") == 1
    checked(html)
    ElementTree.fromstring(picture(found, "greedy"))


def test_picture_is_a_file_of_its_own():
    root = ElementTree.fromstring(picture(ours(PAIR), "greedy"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    lanes = {element.get("data-i") for element in root.iter() if element.get("data-i")}
    assert lanes == {str(index) for index in range(9)}


def test_a_long_block_stays_light():
    lines = []
    for k in range(72):
        lines += [
            f"%a{k} = getelementptr i8, ptr %a, i64 {4 * k + 4}",
            f"%b{k} = getelementptr i8, ptr %b, i64 {4 * k + 4}",
            f"%x{k} = load i32, ptr %a{k}, align 4",
            f"%y{k} = mul i32 %x{k}, %n",
            f"%z{k} = xor i32 %y{k}, {k % 5}",
            f"%w{k} = add i32 %z{k}, %{'n' if k < 9 else f'w{k - 9}'}",
            f"store i32 %w{k}, ptr %b{k}, align 4",
        ]
    body = "".join(f"  {line}\n" for line in lines) + "  ret i32 0\n"
    found = ours(module_of(body))
    assert len(found.function.instructions) > 500
    html = page(found)
    assert len(html.encode()) < 1_000_000
    checked(html)


def test_functions_left_alone_say_why():
    found = ours(PAIR.replace('"target-cpu"', 'noinline optnone "target-cpu"'), "f")
    assert "optnone" in found.reason
    assert "optnone" in "".join(checked(page(found)).text)
    with pytest.raises(InputError, match="optnone"):
        picture(found, "greedy")


def test_a_packer_that_fails_is_a_line_on_the_page(monkeypatch: pytest.MonkeyPatch):
    def fail(problem: object, effort: object) -> None:
        raise RuntimeError("no <idea>")

    monkeypatch.setattr("vecgnn.slp.greedy.pack_greedily", fail)
    found = study(PAIR, "in.ll", packers=["greedy"])
    assert found.answers[0].failure == "RuntimeError: no <idea>"
    assert "RuntimeError: no <idea>" in "".join(checked(page(found)).text)


# With LLVM


def test_llvm_beside_ours():
    found = study(kernel("quaternion"), "quaternion.ll", function="multiply", packers=["greedy", "llvm"])
    greedy, llvms = found.answers
    assert found.printed == greedy.choice.scalar if greedy.choice else None
    assert llvms.printed is not None
    assert any(line.role == "vector" for line in llvms.after)
    checked(page(found))


def test_without_opt_llvm_is_left_out_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch):
    def missing(*arguments: object, **named: object) -> str:
        raise ToolError("opt of LLVM 22 not found")

    monkeypatch.setattr(llvm, "slp", missing)
    monkeypatch.setattr(llvm, "total_costs", missing)
    monkeypatch.setattr(
        "vecgnn.explain.collect.PACKERS", {"none": "", "greedy": "vecgnn.slp.greedy:pack_greedily"}
    )
    found = study(PAIR, "in.ll")
    assert [answer.packer for answer in found.answers] == ["greedy"]
    assert "opt of LLVM 22 not found" in "".join(checked(page(found)).text)


# The command


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "in.ll"
    path.write_text(PAIR)
    return path


def test_command_writes_both(module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    html, svg = tmp_path / "out.html", tmp_path / "out.svg"
    command = ["explain", str(module), "--packers", "greedy", "--html", str(html), "--svg", str(svg)]
    assert cli.main(command) == 0
    checked(html.read_text())
    ElementTree.parse(svg)
    assert capsys.readouterr().out.startswith("f: greedy: ")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([], "nothing to write"),
        (["--html", "{}/no/such/out.html"], "does not exist"),
        (["--html", "{}/out.html", "--packers", "greedy", "--function", "h"], "no function 'h'"),
        (["--html", "{}/out.html", "--packers", "best"], "unknown packer 'best'"),
        (["--html", "{}/out.html", "--packers", "greedy", "--mcpu", "abacus"], "unknown target abacus"),
        (["--svg", "{}/out.html", "--packer", "llvm"], "no picture of what llvm chose"),
        (["--svg", "{}/out.html", "--packer", "best"], "unknown packer 'best'"),
        (["--html", "{}/out.html", "--packers", "greedy", "--time-limit", "0"], "--time-limit=0"),
    ],
)
def test_command_refuses_in_one_line(
    extra: list[str], said: str, module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out.html"
    out.write_text("what stood there")
    assert cli.main(["explain", str(module), *(word.format(tmp_path) for word in extra)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error
    assert out.read_text() == "what stood there"


def test_several_functions_must_be_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "two.ll"
    path.write_text(PAIR + module_of(BODY, "@g").removeprefix(HEADER).partition("attributes")[0])
    command = ["explain", str(path), "--packers", "greedy", "--html", str(tmp_path / "out.html")]
    assert cli.main(command) == 2
    assert "--function: @f, @g" in capsys.readouterr().err
    assert cli.main([*command, "--function", "g"]) == 0


@pytest.mark.parametrize("content", ["", "define nonsense"])
def test_broken_input_is_one_line(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "broken.ll"
    path.write_text(content)
    command = ["explain", str(path), "--packers", "greedy", "--html", str(tmp_path / "out.html")]
    assert cli.main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out.html").exists()
