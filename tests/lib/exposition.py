"""A strict reader of the Prometheus text format (version 0.0.4): what a lenient one lets pass is an error."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
KINDS = ("counter", "gauge", "histogram")


class Metrics:
    """families: name -> kind; samples: (name, frozenset of labels) -> number."""

    def __init__(self):
        self.families = {}
        self.samples = {}

    def value(self, name, **labels):
        return self.samples[name, frozenset(labels.items())]


def _labels(text, line):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"labels: {line}"
        assert match[1] not in labels, f"label twice: {line}"
        assert match[3] == "," or match.end() == len(text), f"labels: {line}"
        labels[match[1]] = match[2]
        at = match.end()
    assert not text.endswith(","), f"trailing comma: {line}"
    return labels


def _family_of(name, kind, family):
    if kind == "histogram":
        return name in (family + "_bucket", family + "_sum", family + "_count")
    return name == family


def _check_histogram(metrics, family):
    series = {}
    for (name, labels), value in metrics.samples.items():
        if name == family + "_bucket":
            labels = dict(labels)
            bound = float(labels.pop("le"))
            series.setdefault(frozenset(labels.items()), []).append((bound, value))
    assert series, f"{family}: a histogram without buckets"
    for labels, buckets in series.items():
        assert buckets == sorted(buckets), f"{family}: buckets out of order"
        counts = [count for _, count in buckets]
        assert counts == sorted(counts), f"{family}: buckets are not cumulative"
        assert buckets[-1][0] == float("inf"), f"{family}: no +Inf"
        assert buckets[-1][1] == metrics.samples[family + "_count", labels], family
        assert (family + "_sum", labels) in metrics.samples, family


def parse(text):
    metrics, helped, family = Metrics(), set(), None
    assert text.endswith("\n"), "the last line has no end"
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in helped and words.strip(), line
            helped.add(name)
            continue
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert re.fullmatch(NAME, family) and kind in KINDS, line
            assert family in helped and family not in metrics.families, line
            assert (kind == "counter") == family.endswith("_total"), line
            metrics.families[family] = kind
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        name, labels, number = match[1], _labels(match[2] or "", line), float(match[3])
        assert family and _family_of(name, metrics.families[family], family), f"apart: {line}"
        assert metrics.families[family] == "gauge" or number >= 0, line
        key = name, frozenset(labels.items())
        assert key not in metrics.samples, f"twice: {line}"
        metrics.samples[key] = number
    for name, kind in metrics.families.items():
        if kind == "histogram":
            _check_histogram(metrics, name)
    assert helped == metrics.families.keys(), helped ^ metrics.families.keys()
    return metrics
