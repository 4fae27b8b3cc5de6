"""How pages look. Everything that comes from outside is escaped."""

from collections.abc import Iterable
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse

from twin.payments.cards import NUMBERS

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}"
    "h1{font-size:1.4rem}section{border:1px solid #e3e8ee;border-radius:8px;padding:1rem;margin:1rem 0}"
    "label{display:block;margin:.5rem 0}input,select{font:inherit;width:100%;padding:.4rem;box-sizing:border-box}"
    "button{font:inherit;padding:.5rem 1rem;border:0;border-radius:6px;background:#635bff;color:#fff;cursor:pointer}"
    ".error{color:#b3093c}.note{color:#697386;font-size:.9rem}td{padding:.2rem .8rem .2rem 0}"
)
CARDS = {
    "4242424242424242": "4242 4242 4242 4242: succeeds",
    "4000000000003220": "4000 0000 0000 3220: asks for 3-D Secure",
    "4000000000000341": "4000 0000 0000 0341: attaches, later charges fail",
    "4000000000000002": "4000 0000 0000 0002: is declined",
}


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    """A whole page; `parts` are HTML already."""
    notice = '<p class="note">An offline twin of Stripe. No money moves here.</p>'
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return HTMLResponse(f"{head}<main><h1>{escape(title)}</h1>{''.join(parts)}{notice}</main></html>", status)


def form(button: str, *fields: str, action: str = "", id: str = "", hidden: Iterable[tuple[str, str]] = ()) -> str:
    """A form that posts to the page itself unless told otherwise."""
    inputs = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in hidden)
    where = f' action="{escape(action)}"' if action else ""
    name = f' id="{escape(id)}"' if id else ""
    submit = f'<p><button type="submit">{escape(button)}</button></p>'
    return f'<form method="post"{where}{name}>{inputs}{"".join(fields)}{submit}</form>'


def field(label: str, name: str, value: str = "", type: str = "text") -> str:
    return f'<label>{escape(label)}<input name="{escape(name)}" type="{type}" value="{escape(value)}" required></label>'


def choice(label: str, name: str, options: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options)
    return f'<label>{escape(label)}<select name="{escape(name)}">{rows}</select></label>'


def card_choice() -> str:
    """A card number as a person types it, with Stripe's test cards at hand."""
    rows = "".join(f'<option value="{number}">{escape(text)}</option>' for number, text in CARDS.items())
    return (
        '<label>Card number<input name="card" list="cards" autocomplete="off" inputmode="numeric" '
        f'value="4242424242424242" required></label><datalist id="cards">{rows}</datalist>'
    )


def behavior_named(typed: str) -> str | None:
    """The behavior of a typed card number; None for one that is no test card."""
    return NUMBERS.get(typed.replace(" ", ""))


def money(amount: int, currency: str) -> str:
    """For reading: two decimals but for currencies without any."""
    whole = currency.lower() in ("jpy", "krw", "vnd", "clp")
    return f"{amount if whole else amount / 100:{',' if whole else ',.2f'}} {currency.upper()}"


def table(rows: Iterable[Iterable[str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{body}</table>"


async def typed_in(request: Request) -> dict[str, str]:
    """What a person typed into a form."""
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


def is_link(url: object) -> bool:
    """Whether it may stand in a link: no script, no other scheme."""
    return isinstance(url, str) and url.startswith(("http://", "https://"))


def failure(message: str) -> str:
    return f'<p class="error" role="alert">{escape(message)}</p>'
