"""AsyncAPI and OpenAPI documents as pages to read: plain HTML made here, without scripts and without the net."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

Document = Mapping[str, Any]

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}
h2{margin-top:2.5rem;border-top:1px solid #ccc;padding-top:1rem}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#f4f4f4;padding:.8rem;overflow-x:auto}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ddd}
.end{background:#fff3cd;padding:.4rem .8rem}.verb{text-transform:uppercase;font-weight:bold}nav a{margin-right:1rem}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def page(title: str, body: str) -> HTMLResponse:
    """A whole page that may load nothing."""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


def messages_page(document: Document, raw: str) -> HTMLResponse:
    """An AsyncAPI document: each message with meaning, subject, when it is told, version, fields, example and schema.

    `raw` is where the document itself is served.
    """
    schemas, told = document["components"]["schemas"], sorted(document["components"]["messages"].items())
    body = _raw(raw) + f"<p>{escape(document['info'].get('description', ''))}</p>"
    body += _list(_link(key, key) + " " + escape(message["summary"]) for key, message in told)
    body += f"<h2 id='envelope'>What every message has</h2>{_fields(schemas['envelope'])}"
    body += "".join(_message(key, message, document) for key, message in told)
    mentioned = {key for key in schemas if key not in document["components"]["messages"] and key != "envelope"}
    body += "".join(_schema(key, schemas[key]) for key in sorted(mentioned))
    return page(document["info"]["title"], body)


def routes_page(document: Document, raw: str) -> HTMLResponse:
    """An OpenAPI document: each route with parameters, body and answers. `raw` is where the document itself is served."""
    routes = [(path, verb, each) for path, verbs in sorted(document["paths"].items()) for verb, each in verbs.items()]
    body = _raw(raw) + _list(
        f"{_link(f'{verb} {path}', f'{verb.upper()} {path}')} {escape(each.get('summary', ''))}"
        for path, verb, each in routes
    )
    body += "".join(_route(path, verb, each) for path, verb, each in routes)
    schemas = document.get("components", {}).get("schemas", {})
    body += "".join(_schema(name, schema) for name, schema in sorted(schemas.items()))
    return page(document["info"]["title"], body)


def _message(key: str, message: Document, document: Document) -> str:
    end = ""
    if "x-sunset" in message:
        end = (
            f'<p class="end">Deprecated since {escape(message["x-deprecated-since"])}; told until '
            f"{escape(message['x-sunset'])}. Hear the next version instead.</p>"
        )
    data = document["components"]["schemas"][key]
    facts = {
        "Type": f"<code>{escape(message['name'])}</code>",
        "Subject": f"<code>{escape(document['channels'][key]['address'])}</code>",
        "Version": escape(key.rsplit(".v", 1)[1]),
        "Told": escape(message["description"]),
    }
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in facts.items())
    examples = "".join(_json(each["payload"]) for each in message.get("examples", ()))
    return (
        f'<h2 id="{escape(_anchor(key))}">{escape(key)}</h2>{end}<p>{escape(message["summary"])}</p>'
        f"<table>{rows}</table><h3>Data</h3>{_fields(data)}"
        f"<h3>Example</h3>{examples}<details><summary>Schema</summary>{_json(data)}</details>"
    )


def _route(path: str, verb: str, route: Document) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{_kind(each.get('schema', {}))}</td><td>{'required' if each.get('required') else ''}</td>"
        f"<td>{escape(each.get('description', ''))}</td></tr>"
        for each in route.get("parameters", ())
    )
    body = "".join(
        f"<p>Body <code>{escape(media)}</code>: {_kind(content.get('schema', {}))}</p>"
        for media, content in route.get("requestBody", {}).get("content", {}).items()
    )
    answers = _list(
        f"<b>{escape(status)}</b> {escape(answer.get('description', ''))} "
        + " ".join(_kind(content.get("schema", {})) for content in answer.get("content", {}).values())
        for status, answer in route.get("responses", {}).items()
    )
    return (
        f'<h2 id="{escape(_anchor(f"{verb} {path}"))}"><span class="verb">{escape(verb)}</span> '
        f"<code>{escape(path)}</code></h2><p>{escape(route.get('description', route.get('summary', '')))}</p>"
        f"<table>{parameters}</table>{body}<h3>Answers</h3>{answers}"
    )


def _schema(name: str, schema: Document) -> str:
    about = f"<p>{escape(schema.get('description', ''))}</p>{_fields(schema)}"
    return (
        f'<h2 id="{escape(_anchor(name))}">{escape(name)}</h2>{about}'
        f"<details><summary>Schema</summary>{_json(schema)}</details>"
    )


def _fields(schema: Document) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_kind(field)}</td>"
        f"<td>{'' if name in required else 'optional'}</td><td>{escape(field.get('description', ''))}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _kind(schema: Any) -> str:
    """The type of a value in a few words, with links to what is described elsewhere on the page."""
    if not isinstance(schema, Mapping):
        return ""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return _link(name, name)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " or ".join(_kind(each) for each in schema[choice])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {})) or 'anything'}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"map to {_kind(schema['additionalProperties'])}"
    return escape(" ".join(str(schema[key]) for key in ("type", "format") if key in schema))


def _anchor(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _link(name: str, text: str) -> str:
    return f'<a href="#{escape(_anchor(name))}">{escape(text)}</a>'


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _raw(address: str) -> str:
    return f'<p>The same for programs: <a href="{escape(address)}"><code>{escape(address)}</code></a></p>'


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
