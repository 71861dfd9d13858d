"""The OpenAPI document as a page for people, made once, without a script and without anything from elsewhere."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edged: the HTTP service</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
</head>
<body class="docs">
<header><h1>edged <span>over HTTP</span></h1>
<p><a href="/">Try it</a> · <a href="/openapi.json">OpenAPI 3.1 document</a></p></header>
<main>
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the page, in HTML."""
    parts = [_HEAD, f"<p>{escape(document['info']['description'])}</p>"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(method, path, operation))
    return "\n".join([*parts, "</main></body></html>"])


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [
        f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>",
        f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>",
    ]
    if "requestBody" in operation:
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in operation["requestBody"]["content"])
        parts.append(f"<p>Body: {kinds}.</p>")
    parameters = [
        (f"<code>{escape(each['name'])}</code>", _type(each["schema"]), escape(each.get("description", "")))
        for each in operation.get("parameters", ())
    ]
    if parameters:
        parts.append(_table("Parameters", ("name", "values", "meaning"), parameters))
    answers = [
        (f"<code>{status}</code>", escape(", ".join(answer.get("content", {}))), escape(answer["description"]))
        for status, answer in sorted(operation["responses"].items())
    ]
    parts.append(_table("Answers", ("status", "type", "meaning"), answers))
    return "".join([*parts, "</section>"])


def _table(caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = "".join(f"<th scope=col>{name}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _type(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a parameter may be."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    (kind,) = kinds
    if "enum" in kind:
        words = " | ".join(f"<code>{escape(str(value))}</code>" for value in kind["enum"])
    elif "minimum" in kind:
        words = f"{kind['minimum']:g} to {kind['maximum']:g}"
    else:
        words = escape(str(kind["type"]))
    default = schema.get("default")
    if default is None:
        return words
    told = default if isinstance(default, str) else json.dumps(default)
    return f"{words}; default <code>{escape(told)}</code>"
