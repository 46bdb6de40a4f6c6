"""What a PromQL expression names that nobody measures, and the labels its answer has."""

import re
from collections.abc import Iterator

import promql_parser as promql

from tests.deploy.metrics import samples

SETS = frozenset({"and", "or", "unless"})
KEEPING = frozenset({"topk", "bottomk"})  # aggregations that hand whole series on
NO_LABELS: frozenset[str] = frozenset()
TEMPLATE = re.compile(r"\{\{(.*?)\}\}")
LABEL = re.compile(r" \$labels\.(\w+) ")
VALUE = re.compile(r" \$value( \| humanizeDuration)? ")


def strange(expression: str) -> Iterator[str]:
    """Find what is wrong with an expression: its grammar and types, and each name of a metric or label in it."""
    yield from _Reading(expression).found


def strange_words(text: str, expression: str) -> Iterator[str]:
    """Find what the template of an annotation takes from an alert that the alert's expression does not give."""
    labels = _Reading(expression).labels
    for inside in TEMPLATE.findall(text):
        label = LABEL.fullmatch(inside)
        if label is None and not VALUE.fullmatch(inside):
            yield f"{{{{{inside}}}}} is neither a label nor the value"
        elif label is not None and label[1] not in labels:
            yield f"the answer has no label {label[1]}"
    if re.search(r"\{\{|\}\}|\$", TEMPLATE.sub("", text)):
        yield f"braces that do not match: {text}"


def labels_of(expression: str) -> frozenset[str]:
    """Give the labels that the answer to an expression may have."""
    return _Reading(expression).labels


class _Reading:
    """One expression, read once: the labels of its answer, and what is wrong with it."""

    def __init__(self, expression: str) -> None:
        self.found: list[str] = []
        self.labels = NO_LABELS
        self._known = samples()
        self._asks = False
        try:
            tree = promql.parse(expression)
        except ValueError as fault:
            self.found.append(f"{fault}: {expression}")  # verdict: a finding, which fails the test that asked
            return
        self.labels = self._read(tree)
        if not self._asks:
            self.found.append("asks for no metric")

    def _read(self, node: promql.Expr) -> frozenset[str]:
        match node:
            case promql.VectorSelector():
                return self._selector(node)
            case promql.MatrixSelector():
                return self._selector(node.vector_selector)
            case promql.AggregateExpr():
                return self._aggregation(node)
            case promql.BinaryExpr():
                return self._binary(node)
            case promql.Call():
                return self._call(node)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                return self._read(node.expr)
        return NO_LABELS

    def _selector(self, node: promql.VectorSelector) -> frozenset[str]:
        self._asks = True
        name = node.name or ""
        if name not in self._known:
            self.found.append(f"no metric {name}" if name else "a selector without a name")
            return NO_LABELS
        asked = [one for group in (node.matchers.matchers, *node.matchers.or_matchers) for one in group]
        self._hold([one.name for one in asked], self._known[name], name)
        return self._known[name]

    def _aggregation(self, node: promql.AggregateExpr) -> frozenset[str]:
        inner = self._read(node.expr)
        named = frozenset(node.modifier.labels if node.modifier else ())
        self._hold(named, inner, node.expr.prettify())
        if str(node.op) in KEEPING:
            return inner
        if node.modifier and node.modifier.type == promql.AggModifierType.Without:
            return inner - named
        return named

    def _binary(self, node: promql.BinaryExpr) -> frozenset[str]:
        left, right = self._read(node.lhs), self._read(node.rhs)
        if _is_number(node.lhs) or _is_number(node.rhs):
            return left | right
        matching = node.modifier.matching if node.modifier else None
        named = frozenset(matching.labels if matching else ())
        on = matching is not None and matching.type == promql.LabelModifierType.Include
        for labels, side in ((left, node.lhs), (right, node.rhs)):
            self._hold(named, labels if on else left | right, side.prettify())
        if not on and left - named != right - named and str(node.op) != "or":
            self.found.append(f"the sides have different labels and never match: {node.prettify()}")
        if str(node.op) in SETS:
            return left | right if str(node.op) == "or" else left
        if node.modifier and node.modifier.group_labels is not None:
            many = right if node.modifier.card == promql.VectorMatchCardinality.OneToMany else left
            return many | frozenset(node.modifier.group_labels)
        return named if on else left - named

    def _call(self, node: promql.Call) -> frozenset[str]:
        labels = NO_LABELS.union(*(self._read(one) for one in node.args))
        if node.func.name == "histogram_quantile":
            self._hold({"le"}, labels, node.prettify())
            return labels - {"le"}
        return NO_LABELS if node.func.name in ("absent", "absent_over_time", "scalar") else labels

    def _hold(self, named: frozenset[str] | set[str] | list[str], there: frozenset[str], place: str) -> None:
        self.found.extend(f"{place} has no label {one}" for one in sorted(set(named) - there))


def _is_number(node: promql.Expr) -> bool:
    """Whether an operand is a scalar, which takes no part in the matching of labels."""
    match node:
        case promql.NumberLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return _is_number(node.expr)
        case promql.BinaryExpr():
            return _is_number(node.lhs) and _is_number(node.rhs)
        case promql.Call():
            return bool(node.func.return_type == promql.ValueType.Scalar)
    return False
