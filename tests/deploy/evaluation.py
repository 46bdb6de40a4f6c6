"""What a PromQL expression answers over samples of one moment, as far as our alerts and scalers need it.

Nothing moves in that moment: `rate` and `increase` of every series are 0. The past is a second list of samples.
"""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import promql_parser as promql

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Answer = Vector | float
AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "count": len,
    "group": lambda _: 1.0,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {"==": operator.eq, ">": operator.gt, "<": operator.lt}
STILL = frozenset({"rate", "increase"})


@dataclass(frozen=True)
class Sample:
    """One sample: the metric's name, its labels without empty ones, its value."""

    name: str
    labels: Labels
    value: float


def sample(name: str, value: float, **labels: str) -> Sample:
    """Make a sample; a label with the empty text is one that is not there, as in Prometheus."""
    return Sample(name, frozenset((key, text) for key, text in labels.items() if text), value)


def answers(expression: str, now: Iterable[Sample], past: Iterable[Sample] = ()) -> list[dict[str, str]]:
    """Give the labels of every series the expression answers: an alert stands for each. Names are left out.

    Raises ValueError for an expression that is no PromQL, NotImplementedError for one of a kind we do not use.
    """
    found = _Moment(list(now), list(past)).read(promql.parse(expression))
    return [dict(labels) for labels in found] if isinstance(found, dict) else []


@dataclass(frozen=True)
class _Moment:
    now: list[Sample]
    past: list[Sample]

    def read(self, node: promql.Expr) -> Answer:
        match node:
            case promql.NumberLiteral():
                return node.val
            case promql.ParenExpr():
                return self.read(node.expr)
            case promql.VectorSelector():
                return _selected(node, self.now)
            case promql.MatrixSelector():
                return _selected(node.vector_selector, self.past) | _selected(node.vector_selector, self.now)
            case promql.AggregateExpr():
                return _aggregated(node, self.vector(node.expr))
            case promql.Call():
                return self.called(node)
            case promql.BinaryExpr():
                return _joined(node, self.read(node.lhs), self.read(node.rhs))
        raise NotImplementedError(node.prettify())

    def vector(self, node: promql.Expr) -> Vector:
        found = self.read(node)
        if not isinstance(found, dict):
            raise NotImplementedError(node.prettify())
        return found

    def called(self, node: promql.Call) -> Vector:
        inner = self.vector(node.args[0])
        if node.func.name == "absent":
            return {} if inner else {frozenset(): 1.0}
        if node.func.name == "last_over_time":
            return inner
        if node.func.name in STILL:
            return dict.fromkeys(inner, 0.0)
        raise NotImplementedError(node.prettify())


def _selected(node: promql.VectorSelector, samples: list[Sample]) -> Vector:
    return {
        one.labels: one.value
        for one in samples
        if one.name == node.name and all(_fits(matcher, dict(one.labels)) for matcher in node.matchers.matchers)
    }


def _fits(matcher: promql.Matcher, labels: dict[str, str]) -> bool:
    text = labels.get(matcher.name, "")
    by_pattern = matcher.op in (promql.MatchOp.Re, promql.MatchOp.NotRe)
    same = bool(re.fullmatch(matcher.value, text)) if by_pattern else text == matcher.value
    return same == (matcher.op in (promql.MatchOp.Equal, promql.MatchOp.Re))


def _aggregated(node: promql.AggregateExpr, inner: Vector) -> Vector:
    if node.modifier and node.modifier.type != promql.AggModifierType.By:
        raise NotImplementedError(node.prettify())
    kept = set(node.modifier.labels if node.modifier else ())
    groups: dict[Labels, list[float]] = {}
    for labels, value in inner.items():
        groups.setdefault(_only(labels, kept), []).append(value)
    return {labels: float(AGGREGATIONS[str(node.op)](values)) for labels, values in groups.items()}


def _joined(node: promql.BinaryExpr, left: Answer, right: Answer) -> Answer:
    sign = str(node.op)
    if sign == "*":
        return _product(node, left, right)
    if not isinstance(left, dict):
        raise NotImplementedError(node.prettify())
    if not isinstance(right, dict):
        return {labels: value for labels, value in left.items() if COMPARISONS[sign](value, right)}
    matching = node.modifier.matching if node.modifier else None
    kept = set(matching.labels) if matching else {key for labels in (*left, *right) for key, _ in labels}
    other = {_only(labels, kept): value for labels, value in right.items()}
    if sign == "or":
        return left | {labels: value for labels, value in right.items() if labels not in left}
    if sign in ("and", "unless"):
        return {labels: value for labels, value in left.items() if (_only(labels, kept) in other) == (sign == "and")}
    pairs = ((labels, value, other.get(_only(labels, kept))) for labels, value in left.items())
    return {labels: value for labels, value, bound in pairs if bound is not None and COMPARISONS[sign](value, bound)}


def _product(node: promql.BinaryExpr, left: Answer, right: Answer) -> Answer:
    if isinstance(right, dict) and not isinstance(left, dict):
        return {labels: left * value for labels, value in right.items()}
    if isinstance(left, dict) or isinstance(right, dict):
        raise NotImplementedError(node.prettify())
    return left * right


def _only(labels: Labels, kept: set[str]) -> Labels:
    return frozenset((key, text) for key, text in labels if key in kept)
