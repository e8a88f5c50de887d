"""Sentences, tables, pictures and the report say what the numbers say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

import deltarule as dr
from deltarule.cli.commands.study import _tell
from deltarule.core.errors import UsageError
from deltarule.studies.report.page import page
from deltarule.studies.tables import comparison_table, summary_table


@pytest.fixture(scope="module")
def results():
    study = dr.Study(
        hidden=2, activation="sigmoid", output="sigmoid", init="uniform:1", reduction="sum",
        loss="half_squared_error", optimizer="sgd:1", epochs=900, stop="all_within:0.4", seeds=20,
        title="A & B", question="Is f' < 1 needed?", baseline={"rule": "exact"},
        vary={"rule": {"exact": "exact", "no <f'>": "hidden=constant",
                       "1 at output": "output=constant"},
              "data": ["xor", "parity:2"]},
    )  # fmt: skip
    return study.run(workers=1)


def test_a_sentence_has_the_numbers_of_its_row(results):
    for row in results.compare().iter_rows(named=True):
        if row["measure"] == "solved":
            solved = [
                results.cells[level, row["data"]]["solved"].sum() for level in (row["a"], row["b"])
            ]
            assert f"{row['a']} solves {solved[0]} of 20" in row["sentence"]
            assert f"{row['b']} solves {solved[1]} of 20" in row["sentence"]
        claimed = row["verdict"] in ("better", "worse")
        assert claimed == (row["sentence"].endswith((": better.", ": worse.")))
        if claimed:
            assert row["p_holm"] < 0.05
        else:
            assert "no difference can be told" in row["sentence"]


def test_rules_without_f_in_the_hidden_layer_are_told_to_be_worse(results):
    first, second = results.answers()
    assert re.fullmatch(
        r"no <f'>, beside exact: worse on xor \(0 against \d+ of 20 solved\); "
        r"on parity:2 \(0 against \d+ of 20 solved\)\.",
        first,
    )
    assert second.startswith("1 at output, beside exact: better on xor (")


def test_equal_problems_have_equal_rows(results):
    """parity:2 is XOR: the same samples, seeds and rules."""
    head, rows = summary_table(results)
    by_cell = {(row[0], row[1]): row[2:] for row in rows}
    assert by_cell["exact", "xor"] == by_cell["exact", "parity:2"]
    assert head[:4] == ["rule", "data", "runs", "solved"]


def test_comparisons_can_be_asked_for_otherwise(results):
    found = results.compare("rule", "1 at output", ["error"])
    assert set(found["a"]) == {"exact", "no <f'>"}
    assert set(found["b"]) == {"1 at output"}
    assert len(comparison_table(found.to_dicts())[1]) == 4
    for wrong in ({"factor": "rul"}, {"baseline": "exat"}, {"measures": ["eror"]}):
        with pytest.raises(UsageError, match="did you mean"):
            results.compare(**wrong)


class Checked(HTMLParser):
    """Every element that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "path", "use", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in ("path", "use"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_report_is_one_whole_page(results):
    text = page(results, "deltarule study run mine.toml")
    found = Checked()
    found.feed(text)
    assert found.open == []
    told = " ".join("".join(found.text).split())
    for sentence in (*results.answers(), *results.sentences(), results.power()):
        assert sentence in told
    assert "Is f' < 1 needed?" in told
    assert "no <f'>" in told
    assert text.count("<svg") == 1 + 3 * 2
    ids = re.findall(r'\bid="([^"]+)"', text)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert used <= set(ids)
    assert len(re.findall(r'<clipPath id="([^"]+)"', text)) == len(
        set(re.findall(r'<clipPath id="([^"]+)"', text))
    )
    assert not re.search(r'(?:src|href)="(?!#|data:)', text)


@pytest.mark.parametrize("kind", ["overview", "map", "solved", "solved 2", "epochs 1", "curves 2"])
def test_every_picture_is_drawn(results, kind, tmp_path):
    results.plot(tmp_path / "p.png", kind)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    results.plot(tmp_path / "p.png", kind)  # ours: replaced


def test_pictures_and_reports_replace_nothing_of_others(results, tmp_path):
    for name in ("a.png", "a.html"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="the file exists"):
        results.plot(tmp_path / "a.png")
    with pytest.raises(UsageError, match="the file exists"):
        results.report(tmp_path / "a.html")
    with pytest.raises(UsageError, match="did you mean 'solved'"):
        results.plot(tmp_path / "b.png", "solvd")
    with pytest.raises(UsageError, match="no picture"):
        results.plot(tmp_path / "b.png", "solved 3")


def test_a_metric_is_compared_beside_the_goal(tmp_path):
    study = dr.Study(data="iris", hidden=3, epochs=40, seeds=12, metric="accuracy",
                     stop="error_below:0.2", vary={"lr": [1e-5, 0.1]})  # fmt: skip
    found = study.run(workers=1)
    assert set(found.compare()["measure"]) == {"solved", "epochs", "accuracy"}
    assert found.sentences()[-1].startswith("0.1 has accuracy ")
    assert " over all 3" in found.sentences()[-1]


def test_what_the_overview_has_no_room_for_is_said(tmp_path, monkeypatch):
    from deltarule.studies.pictures import gallery

    study = dr.Study(hidden=2, epochs=3, seeds=2, vary={
        "rule": ["exact", "hidden=constant"], "data": [f"parity:{n}" for n in range(2, 8)]
    })  # fmt: skip
    drawn = []
    monkeypatch.setattr(gallery, "save_figure", lambda figure, path, force: drawn.append(figure))
    study.run(workers=1).plot(tmp_path / "p.png")
    assert any("2 more of these in report.html" in str(t) for t in drawn[0].findobj(_is_text))


def _is_text(artist):
    return hasattr(artist, "get_text")


def test_a_study_without_a_goal_is_told_by_its_metric(tmp_path):
    study = dr.Study(data="iris", hidden=3, epochs=15, seeds=12, validation=0.3,
                     vary={"lr": [1e-5, 0.05]}, metric="validation_accuracy")  # fmt: skip
    found = study.run(workers=1)
    assert found.answers() == [f"0.05, beside 1e-05: better ({_numbers(found)})."]
    assert "held-out accuracy [95 %]" in summary_table(found)[0]
    found.plot(tmp_path / "p.png")
    assert page(found).count("<svg") == 2


def _numbers(found):
    low, high = (found.cells[k,]["validation_accuracy"].mean() for k in ("1e-05", "0.05"))
    return f"validation accuracy {100 * high:.1f} against {100 * low:.1f} %"


def test_a_study_that_is_not_finished_says_so(tmp_path, capsys):
    net = dr.Network(2, [dr.Dense(2, "tanh"), dr.Dense(1, "sigmoid")])
    study = dr.Study(net, "xor", vary={"lr": [0.1, 0.2]}, seeds=3, epochs=5, batch_size=None)
    found = study.run(tmp_path / "s")
    _tell(found, tmp_path / "s", False, False)
    assert "unfinished" not in capsys.readouterr().out
    assert found.table is not None
    some = dr.Results(found.definition, found.table.head(4), ())
    _tell(some, tmp_path / "s", False, False)
    assert "4 of 6 runs are there" in capsys.readouterr().out


def test_seeds_are_numbers():
    net = dr.Network(2, [dr.Dense(1, "sigmoid")])
    with pytest.raises(UsageError, match="seeds is a number, such as 200, or several, not '20'"):
        dr.Study(net, "xor", vary={"lr": [0.1]}, seeds="20")
