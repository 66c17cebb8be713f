"""Recognising PMML, and its models of trees as Forests."""

from __future__ import annotations

from collections.abc import Iterator

from archviz.errors import ImporterError
from archviz.importers.pmml.document import Element, parse
from archviz.importers.pmml.trees import Fields, Rows
from archviz.ir import Diagnostic, Forest, Model, Severity
from archviz.ir.forest.check import sound
from archviz.reading import naming
from archviz.reading.names import clean
from archviz.records import field, mutable
from archviz.source import Source

MAX_BYTES = 512 << 20
_HINT = "trees are read, and ensembles of them"
_MODELS = ("TreeModel", "MiningModel", "RegressionModel")
_METHODS = {
    "sum": "sum",
    "weightedSum": "sum",
    "average": "mean",
    "weightedAverage": "mean",
    "majorityVote": "vote",
    "weightedMajorityVote": "vote",
    "max": "max",
    "median": "weighted-median",
    "weightedMedian": "weighted-median",
}
_LINKS = {"softmax": "softmax", "logit": "logistic", "exp": "exp", "none": "identity"}
_TYPES = {"integer": "int", "float": "float", "double": "float", "boolean": "bool"}
MAX_LEVELS = 32


def read(source: Source) -> Model:
    """The trees in ``source``.

    Raises:
        ImporterError: It is no PMML, or a model of another kind.
    """
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no file of PMML")
    if source.size > MAX_BYTES:
        raise ImporterError(f"{source.name}: it is larger than 512 MiB")
    with source.open() as stream:
        data = stream.readall() if hasattr(stream, "readall") else stream.read()
    try:
        with naming(source.name):
            root = parse(data)
            return _model(root, source.name)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        reason = str(error).partition("\n")[0][:120]
        raise ImporterError(
            f"{source.name}: this is no PMML that can be read ({reason})", _HINT
        ) from None


@mutable
class _Group:
    """Trees whose answers become one number, or one answer.

    Attributes:
        models: The TreeModels, each with its weight.
        method: How they become one.
        scale: What their answer is multiplied by.
        offset: What is added to it.
        names: What other models of a chain call it.
    """

    models: list[tuple[Element, float]]
    method: str
    scale: float = 1.0
    offset: float = 0.0
    names: dict[str, tuple[float, float]] = field(default_factory=dict)


def _model(root: Element, name: str) -> Model:
    document = root.first("PMML")
    if document is None:
        raise ValueError("it has no element PMML")
    top = document.first(*_MODELS)
    if top is None or top.tag == "RegressionModel":
        other = next((e.tag for e in document.children if e.tag.endswith("Model")), "no model")
        raise ImporterError(f"{name}: it holds a {clean(other)}, no tree", _HINT)
    fields = _fields(document, top)
    classes = _classes(document, top)
    groups, link = _groups(top, 0)
    rows = Rows(fields, classes if len(groups) == 1 and link == "identity" else {})
    for group in groups:
        for model, _ in group.models:
            rows.add(model)
    if len(rows.starts) < 2:
        raise ValueError("it holds no tree")
    forest = sound(_forest(rows, groups, link, classes, top))
    application = next((e for h in document.all("Header") for e in h.all("Application")), None)
    metadata = {"PMML": clean(document.get("version"))}
    if application is not None:
        written = f"{application.get('name')} {application.get('version')}"
        metadata["written by"] = clean(written.strip())
    found = {key: value for key, value in metadata.items() if value}
    return Model(forest, "pmml", name, found, tuple(_losses(rows)))


def _losses(rows: Rows) -> Iterator[Diagnostic]:
    if rows.guesses:
        yield Diagnostic(
            "surrogates",
            Severity.INFO,
            f"{rows.guesses} tests have surrogates for missing values, which are not shown",
        )


def _fields(document: Element, top: Element) -> Fields:
    """The features: active fields of the model in its order, derived ones as they are tested."""
    fields = Fields()
    kinds: dict[str, Element] = {}
    for dictionary in document.all("DataDictionary"):
        kinds.update((item.get("name"), item) for item in dictionary.all("DataField"))
    for schema in top.all("MiningSchema"):
        for item in schema.all("MiningField"):
            if item.get("usageType", "active") == "active":
                _declare(fields, item.get("name"), kinds.get(item.get("name")))
    for item in _derived(document, top):
        inner = next((e for e in item.children if e.tag != "Extension"), None)
        fields.is_single[item.get("name")] = item.get("dataType") == "float"
        if inner is not None and inner.tag == "FieldRef":
            fields.aliases[item.get("name")] = inner.get("field")
    return fields


def _declare(fields: Fields, name: str, item: Element | None) -> None:
    kind = item.get("dataType") if item is not None else ""
    is_category = item is not None and item.get("optype") != "continuous"
    feature = fields.add(name, "category" if is_category else _TYPES.get(kind, ""))
    fields.is_single[name] = kind == "float"
    if is_category and item is not None and _TYPES.get(kind, "") in ("", "bool"):
        for value in item.all("Value"):
            if value.get("property", "valid") == "valid":
                fields.category(feature, value.get("value"))


def _derived(document: Element, top: Element) -> Iterator[Element]:
    """Every derived field, those inside of models too."""
    stack = [document]
    while stack:
        element = stack.pop()
        if element.tag == "DerivedField":
            yield element
        elif element.tag not in ("Node", "DataDictionary"):
            stack.extend(element.children)


def _classes(document: Element, top: Element) -> dict[str, int]:
    """The classes by name, of a model that classifies."""
    if top.get("functionName") != "classification":
        return {}
    targets = [
        item.get("name")
        for schema in top.all("MiningSchema")
        for item in schema.all("MiningField")
        if item.get("usageType") in ("target", "predicted")
    ]
    for dictionary in document.all("DataDictionary"):
        for item in dictionary.all("DataField"):
            values = [value.get("value") for value in item.all("Value")]
            if item.get("name") in targets and values:
                return {value: index for index, value in enumerate(dict.fromkeys(values))}
    names: dict[str, int] = {}
    stack = [top]
    while stack:
        element = stack.pop()
        if element.tag == "ScoreDistribution":
            names.setdefault(element.get("value"), len(names))
        elif element.tag == "Node" and element.get("score"):
            names.setdefault(element.get("score"), len(names))
        stack.extend(reversed(element.children))
    return names


def _groups(model: Element, level: int) -> tuple[list[_Group], str]:
    """The trees of a model in groups, and what turns their sums into a prediction."""
    if level > MAX_LEVELS:
        raise ValueError("its models nest too deep")
    if model.tag == "TreeModel":
        return [_named(_Group([(model, 1.0)], "mean"), model)], "identity"
    segmentation = model.first("Segmentation")
    if segmentation is None:
        raise ValueError("a MiningModel has no segments")
    segments: list[tuple[Element, float]] = []
    for segment in segmentation.all("Segment"):
        inner = segment.first(*_MODELS)
        if inner is None:
            raise ValueError("a segment holds no tree")
        segments.append((inner, segment.number("weight", 1.0)))
    method = segmentation.get("multipleModelMethod")
    if method in ("modelChain", "selectFirst", "selectAll") and len(segments) == 1:
        return _groups(segments[0][0], level + 1)
    if method == "modelChain":
        return _chain(segments, level)
    if method not in _METHODS:
        raise ValueError(f"its models become one by {clean(method)!r:.40}")
    if any(inner.tag != "TreeModel" for inner, _ in segments):
        raise ValueError("its segments are no trees")
    is_weighted = method.startswith("weighted")
    models = [(inner, weight if is_weighted else 1.0) for inner, weight in segments]
    return [_named(_Group(models, _METHODS[method]), model)], "identity"


def _named(group: _Group, model: Element) -> _Group:
    """The group with the constants of its targets, and the names of what it puts out."""
    for targets in model.all("Targets"):
        for target in targets.all("Target"):
            group.scale *= target.number("rescaleFactor", 1.0)
            group.offset += target.number("rescaleConstant", 0.0)
    for output in model.all("Output"):
        for item in output.all("OutputField"):
            expression = next((e for e in item.children if e.tag != "Extension"), None)
            scale, offset = 1.0, 0.0
            if expression is not None:
                scale, offset = _affine(expression, group.names)
            group.names[item.get("name")] = (scale, offset)
    return group


def _affine(expression: Element, known: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Factor and summand of an expression of one field.

    Raises:
        ValueError: It is of another kind.
    """
    if expression.tag == "FieldRef":
        return known.get(expression.get("field"), (1.0, 0.0))
    if expression.tag == "Constant":
        return 0.0, float(expression.text)
    function = expression.get("function")
    parts = [_affine(e, known) for e in expression.children if e.tag != "Extension"]
    if expression.tag != "Apply" or len(parts) != 2:
        raise ValueError("what it puts out is computed in a way that is not known")
    (a, b), (c, d) = parts
    if function in ("+", "-"):
        sign = 1.0 if function == "+" else -1.0
        return a + sign * c, b + sign * d
    if function == "*" and not (a and c):
        return a * d + b * c, b * d
    if function == "/" and not c and d:
        return a / d, b / d
    raise ValueError("what it puts out is computed in a way that is not known")


def _chain(segments: list[tuple[Element, float]], level: int) -> tuple[list[_Group], str]:
    """Models that feed a regression: sums that become probabilities."""
    last = segments[-1][0]
    if last.tag != "RegressionModel":
        raise ValueError("the last model of its chain is no regression")
    named: dict[str, _Group] = {}
    for inner, _ in segments[:-1]:
        found, _ = _groups(inner, level + 1)
        for group in found:
            named.update(dict.fromkeys(group.names, group))
    groups: list[_Group] = []
    for table in last.all("RegressionTable"):
        predictor = table.first("NumericPredictor")
        if predictor is None:
            continue
        name = predictor.get("name")
        if name not in named:
            raise ValueError(f"nothing puts out {clean(name)!r:.40}")
        group = named[name]
        scale, offset = group.names[name]
        factor, more = predictor.number("coefficient", 1.0), table.number("intercept", 0.0)
        groups.append(
            _Group(
                group.models,
                group.method,
                group.scale * scale * factor,
                (group.offset * scale + offset) * factor + more,
            )
        )
    method = last.get("normalizationMethod", "none")
    if method not in _LINKS or not groups:
        raise ValueError(f"its regression normalises by {clean(method)!r:.40}")
    return groups, _LINKS[method]


def _forest(
    rows: Rows, groups: list[_Group], link: str, classes: dict[str, int], top: Element
) -> Forest:
    import numpy as np

    fields = rows.fields
    width = len(rows.classes) or 1
    value = np.full((len(rows.yes), width), np.nan)
    for row, own in enumerate(rows.values):
        if own:
            value[row] = 0.0
            for place, number in own.items():
                value[row, place] = number
    listed = [item for own in rows.categories for item in own]
    counts = np.array([len(own) for own in rows.categories], np.int64)
    samples = np.array(rows.samples, np.float64)
    trees = len(rows.starts) - 1
    output = np.repeat(np.arange(len(groups)), [len(group.models) for group in groups])
    weights = np.array([w * g.scale for g in groups for _, w in g.models], np.float64)
    offsets = [group.offset for group in groups]
    method = groups[0].method if trees > 1 else "mean"
    if len(groups) > 1 or link != "identity":
        method = "sum"
    is_sum = method == "sum"
    # A threshold's text is rounded; in the precision of the field it is the number itself.
    is_single = bool(fields.tested) and all(fields.is_single.get(k) for k in fields.tested)
    names = tuple(clean(name) for name in classes)
    kind = "count" if rows.classes else "score" if is_sum else "mean"
    return Forest(
        starts=np.array(rows.starts),
        yes=np.array(rows.yes),
        no=np.array(rows.no),
        condition=np.array(rows.condition),
        feature=np.array(rows.feature),
        threshold=np.array(rows.threshold, np.float32 if is_single else np.float64),
        value=value,
        missing=np.array(rows.missing),
        samples=None if np.isnan(samples).all() else samples,
        category_starts=np.concatenate([[0], np.cumsum(counts)]) if listed else None,
        categories=np.array(listed) if listed else None,
        tree_output=output if len(groups) > 1 else None,
        tree_weight=None if (weights == 1.0).all() else weights,
        base=np.array(offsets) if any(offsets) else None,
        name=clean(top.get("modelName") or top.get("algorithmName") or top.tag),
        value_kind=kind,
        aggregation=method,
        link=link,
        compare_dtype="float32" if is_single else "float64",
        feature_names=tuple(clean(name) for name in fields.names),
        feature_types=tuple(fields.types),
        class_names=(names,) if names else (),
        category_names={
            feature: tuple(clean(name) for name in known)
            for feature, known in fields.categories.items()
        },
    )
