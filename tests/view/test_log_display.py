"""A log shows itself in a notebook: curves, the last rows, gaps where a number was not finite."""

import re

from bricks.training.log import Log, Rows, read


def rows(n: int) -> list[dict]:
    def row(epoch: int) -> dict:
        costs = {"train_cost": 1 / epoch, "valid_cost": 2 / epoch, "valid_error": 0.5 / epoch}
        return {"iteration": 10 * epoch, "epoch": epoch, **costs, "time": {"total": float(epoch)}}

    return [row(epoch) for epoch in range(1, n + 1)]


def cells(html: str) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", html)


def test_curves_and_the_last_rows():
    html = Rows(rows(7))._repr_html_()
    assert html.count("<svg") >= 3 and "The last 5 of 7 rows" in html
    assert "7.14 %" in " ".join(cells(html)) and len(re.findall("<tr>", html)) == 6


def test_a_run_s_log_in_its_file_and_read_again(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    for row in rows(2):
        log.append(row)
    log.append({"iteration": 20, "epoch": 2, "test_error": 0.26, "time": {"total": 3.0}})
    log.close()
    assert cells(log._repr_html_()) == cells(read(tmp_path / "log.jsonl")._repr_html_())
    assert "26.00 %" in log._repr_html_()


def test_what_is_not_finite_and_hostile_names_and_nothing_at_all():
    bad = rows(2)
    bad[1]["train_cost"] = None
    bad[1]["valid_<script>"] = 3.0
    html = Rows(bad)._repr_html_()
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "not finite" in html
    assert "no epoch is finished" in Rows()._repr_html_()
