"""vecgnn corpus: modules gathered, surveyed, solved once for each structure, and read as lessons."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vecgnn.cli import main
from vecgnn.corpus.folder import Corpus
from vecgnn.corpus.labels import Labelled, label, label_file, read_answer, read_labels, write_answer
from vecgnn.corpus.lessons import read_lessons
from vecgnn.corpus.pool import Call, Lost, Processes
from vecgnn.corpus.problems import problem_in, solve
from vecgnn.corpus.solving import solver_pool
from vecgnn.corpus.split import SPLITS, split_of
from vecgnn.corpus.structure import body_hash
from vecgnn.corpus.surveys import chosen, posing, survey_all, surveyed_subjects
from vecgnn.errors import InputError
from vecgnn.ir.reader import read_module
from vecgnn.policy.expert import Query
from vecgnn.slp import legality
from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import Effort, Packing

QUICK = Effort(time_limit=1.0)

SUM = """
define void @{name}(ptr noalias %{a}, ptr noalias %{b}) #0 {{
  %{x} = load double, ptr %{a}, align 8
  %{p} = getelementptr i8, ptr %{a}, i64 8
  %{y} = load double, ptr %{p}, align 8
  %{s} = {op} double %{x}, {constant}
  %{t} = {op} double %{y}, {constant}
  store double %{s}, ptr %{b}, align 8
  %{q} = getelementptr i8, ptr %{b}, i64 8
  store double %{t}, ptr %{q}, align 8
  ret void
}}
"""
TAIL = """
attributes #0 = {{ "target-cpu"="{cpu}" "target-features"="+avx2,+sse2" }}
"""
HEAD = 'target triple = "x86_64-pc-linux-gnu"\n'
NAMES = dict(zip("abxypstq", ("in", "out", "k", "l", "m", "n", "o", "r"), strict=True))


def pair(
    name: str = "f", op: str = "fadd", constant: str = "1.0", cpu: str = "x86-64-v3", renamed: bool = False
) -> str:
    """A module with one function, in which two lanes can be packed."""
    locals_ = NAMES if renamed else {letter: letter for letter in NAMES}
    return HEAD + SUM.format(name=name, op=op, constant=constant, **locals_) + TAIL.format(cpu=cpu)


def add(corpus: Corpus, program: str, text: str) -> None:
    corpus.add(text, program=program, origin="kernels", march="x86-64-v3", source=f"{program}.c")


def program_of(split: str, start: str = "p") -> str:
    """A program's name that belongs to a split."""
    if split == "held-out":
        return "nas-bt"
    return next(f"{start}{n}" for n in range(1000) if split_of(f"{start}{n}") == split)


def labelled(corpus: Corpus, **options: object) -> Labelled:
    with solver_pool(1, effort=QUICK) as experts:
        return label(corpus, experts, **options)  # type: ignore[arg-type]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path / "corpus")


# Splits and structures


def test_held_out_programs_are_declared_and_a_tenth_of_the_others_validates() -> None:
    assert {split_of(name) for name in ("nas-bt", "nas-sp", "gsl", "zlib", "opus")} == {"held-out"}
    counts = [split_of(f"generated-{seed}") for seed in range(2000)]
    assert set(counts) == {"train", "validation"}
    assert 150 < counts.count("validation") < 250


def test_a_structure_is_a_body_without_its_names() -> None:
    def of(text: str) -> str:
        return body_hash(read_module(text).functions[0])

    same = of(pair())
    assert of(pair(name="other", renamed=True)) == same
    assert of(pair(op="fsub")) != same
    assert of(pair(constant="2.0")) != same
    swapped = pair().replace("store double %s, ptr %b", "store double %t, ptr %b")
    assert of(swapped.replace("store double %t, ptr %q", "store double %s, ptr %q")) != same
    assert of(pair().replace("noalias %b", "%b")) != same


def test_a_callee_counts_by_what_it_does_not_by_its_name() -> None:
    def of(callee: str, other: str) -> str:
        call = f"%s = call double {callee}(double %x)\n  %t = call double {other}(double %y)"
        text = pair().replace("%s = fadd double %x, 1.0\n  %t = fadd double %y, 1.0", call)
        declared = "".join(f"declare double {name}(double)\n" for name in {callee, other})
        return body_hash(read_module(text + declared).functions[0])

    assert of("@g", "@g") == of("@h", "@h") != of("@g", "@h")
    assert of("@llvm.sqrt.f64", "@llvm.sqrt.f64") != of("@llvm.fabs.f64", "@llvm.fabs.f64")


# Labels and lessons


def test_a_structure_is_solved_once_and_held_out_beats_training(corpus: Corpus) -> None:
    train, validation = program_of("train"), program_of("validation")
    add(corpus, train, pair())
    add(corpus, train, pair(name="again", renamed=True))
    add(corpus, train, pair(name="in_both", constant="3.0"))
    add(corpus, "nas-bt", pair(name="held", constant="3.0", cpu="x86-64-v2"))
    add(corpus, validation, pair(name="judged", op="fsub"))
    add(corpus, train, pair(name="judged_too", op="fsub", renamed=True))
    found = labelled(corpus)
    assert (found.functions, found.posing, found.asked, found.solved) == (6, 3, 2, 2)
    assert found.statuses == {"optimal": 2}
    lessons = read_lessons(corpus.folder)
    assert sorted((lesson.split, lesson.program) for lesson in lessons) == [
        ("train", train),
        ("validation", validation),
    ]
    assert [lesson.split for lesson in read_lessons(corpus.folder, ("validation",))] == ["validation"]
    assert labelled(corpus, splits=SPLITS).solved == 1  # what was held out, and nothing again
    assert {lesson.split for lesson in read_lessons(corpus.folder)} == set(SPLITS)


def test_nothing_is_read_while_held_out_modules_have_not_been_looked_at(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    labelled(corpus)
    add(corpus, program_of("train"), pair(constant="2.0"))
    assert len(read_lessons(corpus.folder)) == 1
    add(corpus, "nas-bt", pair(name="same", cpu="znver5"))
    with pytest.raises(InputError, match="1 modules kept from training are new"):
        read_lessons(corpus.folder)
    labelled(corpus)
    assert [lesson.function for lesson in read_lessons(corpus.folder)] == ["@f"]  # that of 2.0 alone
    assert len(read_labels(corpus)[0]) == 2


def test_a_lesson_holds_a_legal_packing_of_the_price_that_it_says(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    labelled(corpus)
    (lesson,) = read_lessons(corpus.folder)
    problem = problem_in(lesson.module, lesson.function, lesson.target)
    assert legality.check(problem.graph, Packing(lesson.packs)) == ""
    pricer = Pricer(problem.graph, problem.target)
    pricer.update(add=lesson.packs)
    assert (pricer.scalar, pricer.total - pricer.scalar) == (lesson.scalar, lesson.objective)
    assert lesson.objective < 0
    assert {pack.kind for pack in lesson.packs} == {"load", "op", "store"}


def test_the_limit_takes_the_same_functions_each_time(corpus: Corpus) -> None:
    train = program_of("train")
    for constant in range(1, 7):
        add(corpus, train, pair(name=f"f{constant}", constant=f"{constant}.0"))
    first = labelled(corpus, limit=2)
    assert (first.posing, first.asked, first.solved) == (6, 2, 2)
    taken = {lesson.function for lesson in read_lessons(corpus.folder)}
    second = labelled(corpus, limit=4)
    assert (second.known, second.solved) == (2, 2)
    assert taken < {lesson.function for lesson in read_lessons(corpus.folder)}
    assert labelled(corpus, limit=0).solved == 2


def test_another_target_has_labels_of_its_own(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    labelled(corpus)
    found = labelled(corpus, mcpu="neoverse-v2")
    assert (found.known, found.solved) == (0, 1)
    lessons = read_lessons(corpus.folder)
    assert sorted(lesson.target for lesson in lessons) == ["neoverse-v2", "x86-64-v3"]


def test_labels_of_other_code_stay_until_asked_for_again(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    labelled(corpus)
    (entry,) = corpus.entries()
    file = label_file(corpus, entry.hash, "")
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "digest": "of other code"}))
    found = labelled(corpus)
    assert (found.known, found.stale, found.solved) == (1, 1, 0)
    found = labelled(corpus, again=True)
    assert (found.known, found.stale, found.solved) == (0, 0, 1)
    assert json.loads(file.read_text())["digest"] == record["digest"]


def test_functions_without_a_problem_say_why(corpus: Corpus) -> None:
    add(
        corpus, program_of("train"), pair().replace("attributes #0 = {", "attributes #0 = { optnone noinline")
    )
    assert labelled(corpus).posing == 0
    (subject,) = surveyed_subjects(corpus)
    assert subject.surveyed.skipped == "it is optnone"


def test_a_module_that_cannot_be_read_costs_only_itself(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    add(corpus, program_of("train", "q"), "define nothing\n")
    found = labelled(corpus)
    assert found.solved == 1
    (trouble,) = found.troubles
    assert "not valid LLVM IR" in trouble
    assert labelled(corpus).troubles == ()  # it has been told
    assert len(read_lessons(corpus.folder)) == 1


def test_an_answer_survives_being_written(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    (entry,) = corpus.entries()
    answer = solve(Query(corpus.path(entry), "@f", "x86-64-v3"), QUICK)
    assert answer.packs
    assert read_answer(json.loads(json.dumps(write_answer(answer)))) == answer


# Solving


def test_fixed_packs_are_kept(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    (entry,) = corpus.entries()
    query = Query(corpus.path(entry), "@f", "x86-64-v3")
    free = solve(query, QUICK)
    load = next(pack for pack in free.packs if pack.kind == "load")
    answer = solve(Query(query.module, "@f", "x86-64-v3", (load,)), QUICK)
    assert load in answer.packs
    assert answer.objective == free.objective


def test_a_query_that_has_no_answer_says_why_and_the_others_are_answered(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())
    (entry,) = corpus.entries()
    path = corpus.path(entry)
    told: list[str] = []
    with solver_pool(2, effort=QUICK, progress=lambda answer: told.append(answer.status)) as experts:
        answers = dict(
            experts(
                [
                    Query(path, "@none", "x86-64-v3"),
                    Query(path, "@f", "x86-64-v3"),
                    Query(path.with_name("gone.bc"), "@f", "x86-64-v3"),
                ]
            )
        )
    assert answers[1].status == "optimal"
    assert not answers[1].failure
    assert "no function @none" in answers[0].failure
    assert "No such file" in answers[2].failure
    assert sorted(told) == ["failed", "failed", "optimal"]


def test_a_process_that_dies_or_hangs_costs_one_call(tmp_path: Path) -> None:
    pool = Processes(2, patience=2.0)
    calls = [Call(os._exit, (3,), tmp_path), Call(time.sleep, (60.0,), tmp_path), Call(abs, (-7,), tmp_path)]
    try:
        results = dict(pool.run(calls))
        assert results == {
            0: Lost("the process that worked on it ended with status 3"),
            1: Lost("given up after 2 s"),
            2: 7,
        }
        assert list(pool.run([Call(abs, (-1,), tmp_path)])) == [(0, 1)]  # it is none the worse for that
    finally:
        pool.close()


def test_what_was_solved_before_an_interrupt_is_kept(corpus: Corpus) -> None:
    for number in range(4):
        add(corpus, program_of("train"), pair(constant=f"{number}.5"))
    seen = 0

    def solved(number: int, count: int, answer: object) -> None:
        nonlocal seen
        seen = number
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        labelled(corpus, solved=solved)
    assert seen == 2
    assert len(read_labels(corpus)[0]) == 2
    assert labelled(corpus).solved == 2


def test_a_corpus_is_labelled_by_one_process_at_a_time(corpus: Corpus) -> None:
    add(corpus, program_of("train"), pair())

    def meanwhile(number: int, count: int) -> None:
        with pytest.raises(InputError, match="another process labels it"):
            labelled(corpus)
        assert labelled(corpus, mcpu="neoverse-v2").solved == 1

    assert labelled(corpus, surveyed=meanwhile).solved == 1


def test_the_largest_start_first_module_by_module(corpus: Corpus) -> None:
    small, large = pair(constant="9.0"), pair(constant="8.0")
    double = SUM.format(name="g", op="fmul", constant="2.0", **{letter: letter for letter in NAMES})
    wide = double.replace("ret void", "%u = fmul double %s, %x\n  %v = fmul double %t, %y\n"
                          "  store double %u, ptr %a\n  store double %v, ptr %p\n  ret void")  # fmt: skip
    add(corpus, program_of("train"), small)
    add(corpus, program_of("train"), large.replace("attributes #0", wide + "attributes #0"))
    pool = Processes(1)
    subjects, troubles = survey_all(corpus, corpus.entries(), pool)
    pool.close()
    assert not troubles
    order = [(s.surveyed.name, s.surveyed.candidates) for s in chosen(posing(subjects), SPLITS, 0)]
    assert [name for name, _ in order] == ["@g", "@f", "@f"]
    assert order[0][1] > order[1][1]


def test_a_mixed_order_does_not_hang_on_the_size(corpus: Corpus) -> None:
    for constant in range(40):
        copies = [
            pair(constant=f"{constant}.{n}", name=f"f{n}").split("attributes")[0] for n in range(constant % 4)
        ]
        text = "".join([pair(constant=f"{constant}.5"), *(copy.removeprefix(HEAD) for copy in copies)])
        add(corpus, program_of("train"), text)
    pool = Processes(1)
    subjects, _ = survey_all(corpus, corpus.entries(), pool)
    pool.close()
    mixed = chosen(posing(subjects), SPLITS, 0, mixed=True)
    assert sorted(s.entry.hash for s in mixed) == sorted(s.entry.hash for s in chosen(mixed, SPLITS, 0))
    modules = list(dict.fromkeys(subject.entry.hash for subject in mixed))
    assert len(modules) == 40
    assert [s.entry.hash for s in mixed] == [
        s.entry.hash for m in modules for s in mixed if s.entry.hash == m
    ]
    counts = [sum(subject.entry.hash == module for subject in mixed) for module in modules]
    assert counts != sorted(counts, reverse=True)


# The commands


def test_kernels_are_compiled_labelled_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "corpus"
    at = ["--corpus", str(folder)]
    source = tmp_path / "twice.c"
    source.write_text("void twice(double *restrict x) { x[0] *= 2; x[1] *= 2; x[2] *= 2; x[3] *= 2; }\n")
    command = ["corpus", "kernels", str(source), "--march", "x86-64-v3,znver5", "--jobs", "1", *at]
    assert main(command) == 0
    assert "2 modules added, 0 there already" in capsys.readouterr().out
    assert main(command) == 0
    assert "0 modules added, 2 there already" in capsys.readouterr().out
    entries = Corpus(folder).entries()
    assert {(e.program, e.origin, e.march, e.functions) for e in entries} == {
        ("kernels-twice", "kernels", "x86-64-v3", 1),
        ("kernels-twice", "kernels", "znver5", 1),
    }
    assert main(["corpus", "label", "--jobs", "1", "--time-limit", "1", *at]) == 0
    assert "0 labelled before, 2 now (2 optimal)" in capsys.readouterr().out
    assert main(["corpus", "stats", "--json", "--jobs", "1", *at]) == 0
    found = json.loads(capsys.readouterr().out)
    (group,) = found["groups"]
    assert (group["programs"], group["modules"], group["labelled"], group["packed"]) == (1, 2, 2, 2)
    assert group["statuses"] == {"optimal": 2}
    assert group["ilp_reduction"] >= group["greedy_reduction"] > 0
    assert found["targets"] == {"x86-64-v3": 1, "znver5": 1}
    assert found["packs"]["widths"] == {"4": sum(sum(c.values()) for c in found["packs"]["opcodes"].values())}
    assert {"load", "store"} <= set(found["packs"]["opcodes"])
    assert main(["corpus", "stats", "--jobs", "1", *at]) == 0
    assert "packs by lanes: " in capsys.readouterr().out


def test_generated_programs_go_on_where_they_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--corpus", str(tmp_path / "corpus"), "--jobs", "2"]
    assert main(["corpus", "generate", "--programs", "2", *at]) == 0
    assert main(["corpus", "generate", "--programs", "3", *at]) == 0
    assert "1 modules added, 2 there already" in capsys.readouterr().out
    entries = Corpus(tmp_path / "corpus").entries()
    assert [entry.program for entry in sorted(entries, key=lambda e: e.program)] == [
        "generated-0",
        "generated-1",
        "generated-2",
    ]
    again = tmp_path / "again"
    assert main(["corpus", "generate", "--programs", "1", "--first", "2", "--corpus", str(again)]) == 0
    (entry,) = Corpus(again).entries()
    assert entry.hash == next(e.hash for e in entries if e.program == "generated-2")


def test_a_file_that_does_not_compile_is_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.c", tmp_path / "bad.c"
    good.write_text("int one(void) { return 1; }\n")
    bad.write_text("int one(void) { return }\n")
    words = ["corpus", "kernels", str(bad), str(good), "--march", "x86-64-v3"]
    assert main([*words, "--corpus", str(tmp_path / "corpus")]) == 1
    said = capsys.readouterr()
    assert "kernels-bad for x86-64-v3: bad.c: clang failed" in said.err
    assert "1 modules added, 0 there already, 1 failed" in said.out


def test_nas_is_held_out_file_by_file(tmp_path: Path) -> None:
    at = ["--corpus", str(tmp_path / "corpus")]
    assert main(["corpus", "nas", "is", "--class", "S", "--march", "x86-64-v3", *at]) == 0
    entries = Corpus(tmp_path / "corpus").entries()
    assert {(entry.program, entry.split) for entry in entries} == {("nas-is", "held-out")}
    assert "is/is.c class S" in {entry.source for entry in entries}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("label", "no corpus there"),
        ("stats", "no corpus there"),
        ("label --splits training", "--splits=training: no split 'training'"),
        ("label --time-limit 0", "--time-limit=0: give seconds above 0"),
        ("label --max-functions-per-program 0", "--max-functions-per-program=0: give the number"),
        ("label --mcpu pdp11", "unknown target pdp11"),
        ("label --order random", "--order=random: use largest or mixed"),
        ("label --jobs none", "--jobs=none: give the number of processes"),
        ("generate --programs many", "--programs=many: give the number of programs"),
        ("generate --programs 1 --first -1", "--first=-1: give a seed"),
        ("kernels gone.c", "gone.c: no such file"),
        ("kernels --march ,", "--march=,: name a CPU"),
        ("nas --class Z", "--class=Z: use one of S, W, A"),
        ("nas zz", "unknown benchmark 'zz'"),
        ("fetch nothing", "nothing: no library of the manifest; use some of gsl, zlib, opus"),
        ("fetch --manifest gone.toml", "gone.toml: No such file or directory"),
        ("harvest", "give the command that builds"),
        ("harvest -- ./no-such-build", "./no-such-build could not be started"),
    ],
)
def test_bad_input_is_one_line(
    words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    part, *others = words.split()
    assert main(["corpus", part, "--corpus", "here", *others]) == 2
    message = capsys.readouterr().err
    assert message.startswith("vecgnn: ")
    assert said in message
    assert message.count("\n") == 1


def test_an_index_of_something_else_is_refused(corpus: Corpus) -> None:
    corpus.folder.mkdir()
    corpus.index.write_text('{"hash": "x"}\n')
    with pytest.raises(InputError, match=r"index.jsonl:1: not a line of a corpus index"):
        corpus.entries()


def test_ctrl_c_keeps_labels_and_leaves_no_process(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path / "corpus")
    for number in range(60):
        add(corpus, program_of("train"), pair(constant=f"{number}.25"))
    command = [
        sys.executable,
        "-m",
        "vecgnn",
        "corpus",
        "label",
        "--jobs",
        "1",
        "--corpus",
        str(corpus.folder),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not any(corpus.labels.glob("*.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "vecgnn: interrupted"
    before = len(read_labels(corpus)[0])
    assert 0 < before < 60
    with pytest.raises(ProcessLookupError):  # nobody is left of its group
        os.killpg(process.pid, 0)
    assert labelled(corpus).known == before
