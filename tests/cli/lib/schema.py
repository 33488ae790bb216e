"""As much of JSON Schema draft-07 as docs/report.schema.json uses, without a dependency.

A keyword that is not known here is an error of the schema, never passed over in silence.
"""

import re

_TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
_SILENT = {"$schema", "$id", "title", "description", "definitions", "then", "else", "format"}


def _same(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _type(schema, value, at, root):
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_TYPES[name](value) for name in names):
        yield f"{at}: is no {' or '.join(names)}"


def _properties(schema, value, at, root):
    if isinstance(value, dict):
        for name, part in schema["properties"].items():
            if name in value:
                yield from problems(part, value[name], f"{at}/{name}", root)


def _additional(schema, value, at, root):
    if not isinstance(value, dict):
        return
    rule = schema["additionalProperties"]
    for name in value.keys() - schema.get("properties", {}).keys():
        if rule is False:
            yield f"{at}/{name}: no such member"
        elif rule is not True:
            yield from problems(rule, value[name], f"{at}/{name}", root)


def _required(schema, value, at, root):
    if isinstance(value, dict):
        for name in schema["required"]:
            if name not in value:
                yield f"{at}: lacks '{name}'"


def _items(schema, value, at, root):
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from problems(schema["items"], item, f"{at}/{n}", root)


def _ref(schema, value, at, root):
    part = root
    for name in schema["$ref"].removeprefix("#/").split("/"):
        part = part[name]
    yield from problems(part, value, at, root)


def _some_of(name, fits):
    def rule(schema, value, at, root):
        matching = sum(not list(problems(s, value, at, root)) for s in schema[name])
        if not fits(matching):
            yield f"{at}: fits {matching} of {name}"

    return rule


def _all_of(schema, value, at, root):
    for part in schema["allOf"]:
        yield from problems(part, value, at, root)


def _if(schema, value, at, root):
    branch = "else" if list(problems(schema["if"], value, at, root)) else "then"
    if branch in schema:
        yield from problems(schema[branch], value, at, root)


def _simple(name, applies, holds):
    def rule(schema, value, at, root):
        if applies(value) and not holds(schema[name], value):
            yield f"{at}: {name} {schema[name]!r} does not hold: {str(value)[:80]!r}"

    return rule


def _always(value):
    return True


_RULES = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "$ref": _ref,
    "oneOf": _some_of("oneOf", lambda n: n == 1),
    "anyOf": _some_of("anyOf", lambda n: n > 0),
    "allOf": _all_of,
    "if": _if,
    "const": _simple("const", _always, _same),
    "enum": _simple("enum", _always, lambda wanted, v: any(_same(w, v) for w in wanted)),
    "pattern": _simple("pattern", _TYPES["string"], lambda p, v: re.search(p, v)),
    "minimum": _simple("minimum", _TYPES["number"], lambda n, v: v >= n),
    "maximum": _simple("maximum", _TYPES["number"], lambda n, v: v <= n),
    "minItems": _simple("minItems", _TYPES["array"], lambda n, v: len(v) >= n),
    "maxItems": _simple("maxItems", _TYPES["array"], lambda n, v: len(v) <= n),
    "minLength": _simple("minLength", _TYPES["string"], lambda n, v: len(v) >= n),
}


def problems(schema, value, at="", root=None):
    """What is wrong with value, one line each."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        if not schema:
            yield f"{at}: nothing is allowed here"
        return
    for name in schema:
        if name in _RULES:
            yield from _RULES[name](schema, value, at, root)
        elif name not in _SILENT:
            raise ValueError(f"keyword '{name}' of the schema is not known to the tests")
