"""What makes an image hard, on the page."""

from page.report import report_html
from stages.serialise import as_json
from stats.error_sources import LeftOut
from tests import results
from tests.page import common
from tests.results import estimate


def page(*rows, **changed):
    found = results.sources(estimate(0.123, (0.1, 0.15)), estimate(0.045))
    errors = results.error_sources(*rows, **changed)
    record = common.record()
    record["gradcam_analysis"] |= as_json(
        {"blank": found.blank, "concentration": found.concentration}
    )
    said = {
        "error_sources": common.two("What makes it hard.", "结论一。"),
        "gradcam_blank": common.two("On blank areas.", "结论二。"),
    }
    record["summary"]["sentences"] |= said
    record["error_sources"] = as_json(errors)
    return report_html(common.page_data(record=record))


def test_the_table_is_ranked_and_marks_what_is_significant():
    html = page(
        results.source("sharpness", estimate(-0.4, (-0.6, -0.2)), 0.004),
        results.source("bmi", estimate(0.1, (-0.1, 0.3)), 0.4),
        left_out=(LeftOut(feature="speckle_snr", reason="no image has it"),),
    )
    assert "What makes it hard." in html and "结论一。" in html and "On blank areas." in html
    section = html[html.index('id="sources"') :].partition("</section>")[0]
    assert section.index("sharpness (Laplacian)") < section.index("BMI")
    assert "−0.40 [−0.60,\u00a0−0.20]" in section
    assert "0.004 ✱" in section and "0.400 ✱" not in section
    assert "speckle SNR in the mask (no image has it)" in section
    assert "未纳入：掩膜内散斑信噪比（没有图像具有该特征）" in section
    assert "8.25 [7.50,\u00a09.00]" in html  # effective cells, beside the measures with masks


def test_nothing_to_show():
    html = page()
    section = html[html.index('id="sources"') :].partition("</section>")[0]
    assert "<table" not in section and "What makes it hard." in section


def test_results_of_an_earlier_version():
    record = common.record()
    del record["error_sources"]
    html = report_html(common.page_data(record=record))
    section = html[html.index('id="sources"') :].partition("</section>")[0]
    assert "of an earlier version" in section and "较早的版本" in section
