"""How pages look. Everything that comes from outside is escaped."""

from collections.abc import Iterable
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse

from twin.payments.cards import NUMBERS

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:0 auto;padding:0 1rem 3rem;color:#1a1f36;"
    "background:#f6f8fa}header{display:flex;gap:.7rem;align-items:baseline;padding:1.2rem 0;font-size:.9rem}"
    "header{color:#697386}"
    "header b{color:#1a1f36}header span{background:#ffde92;color:#7a4f01;border-radius:4px;padding:.05rem .45rem;"
    "font-weight:600;font-size:.8rem}main{background:#fff;border:1px solid #e3e8ee;border-radius:12px;"
    "padding:1.2rem 1.8rem 1.6rem;box-shadow:0 2px 6px #0a25400f}h1{font-size:1.4rem;margin:.4rem 0 1rem}"
    "h2{font-size:1.05rem;margin:0 0 .6rem}section{border-top:1px solid #e3e8ee;padding:1.2rem 0 0;margin:1rem 0 0}"
    "form{margin:.8rem 0}label{display:block;margin:.7rem 0;font-size:.9rem;color:#4f566b}"
    "input,select{font:inherit;font-size:1rem;color:#1a1f36;width:100%;padding:.5rem .6rem;margin-top:.2rem;"
    "box-sizing:border-box;border:1px solid #c9d1dc;border-radius:6px;background:#fff}"
    "button{font:inherit;padding:.5rem 1.1rem;border:0;border-radius:6px;background:#635bff;color:#fff;cursor:pointer}"
    "#cancel button,#fail button{background:#fff;color:#b3093c;border:1px solid #e3a3b5}#pay button{width:100%}"
    ".error{color:#b3093c;background:#fff0f3;border-radius:6px;padding:.6rem .8rem}"
    ".note{color:#697386;font-size:.85rem}"
    "table{width:100%;border-collapse:collapse}td{padding:.35rem .8rem .35rem 0;vertical-align:top}"
    "td:last-child{text-align:right;padding-right:0}details{margin:.4rem 0 1rem;color:#4f566b;font-size:.85rem}"
    "details td:last-child{text-align:left}code{white-space:nowrap}.total{font-weight:600;font-size:1.1rem;"
    "border-top:1px solid #e3e8ee}.state{border-radius:4px;padding:.1rem .5rem;background:#e3e8ee;font-size:.85rem}"
    ".active,.trialing,.paid{background:#d7f7e0;color:#05690d}.past_due,.unpaid,.open{background:#fde6c3;color:#7a4f01}"
)
CARDS = {
    "4242424242424242": "succeeds",
    "4000000000003220": "asks for 3-D Secure",
    "4000000000000341": "can be saved, and then fails with each payment",
    "4000000000000002": "is declined",
    "4000000000009995": "is declined: insufficient funds",
    "4000000000000259": "succeeds, and is disputed",
}


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    """A whole page; `parts` are HTML already."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    look = f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{STYLE}</style>'
    band = "<header><b>Stripe, an offline twin</b> <span>TEST</span> no money moves here</header>"
    return HTMLResponse(f"{head}{look}{band}<main><h1>{escape(title)}</h1>{''.join(parts)}</main></html>", status)


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


def card_choice(*, shown: bool = True) -> str:
    """A card number as a person types it, with Stripe's test cards at hand, `shown` or folded away."""
    spelled = {number: " ".join(number[at : at + 4] for at in range(0, 16, 4)) for number in CARDS}
    rows = "".join(f'<option value="{number}">{escape(text)}</option>' for number, text in CARDS.items())
    cards = "".join(f"<tr><td><code>{spelled[number]}</code><td>{escape(text)}" for number, text in CARDS.items())
    return (
        '<label>Card number<input name="card" list="cards" autocomplete="off" inputmode="numeric" '
        f'value="{spelled["4242424242424242"]}" required></label><datalist id="cards">{rows}</datalist>'
        f"<details{' open' if shown else ''}><summary>Cards to try</summary><table>{cards}</table></details>"
    )


def behavior_named(typed: str) -> str | None:
    """The behavior of a typed card number; None for one that is no test card."""
    return NUMBERS.get(typed.replace(" ", ""))


def money(amount: int, currency: str) -> str:
    """For reading: two decimals but for currencies without any."""
    whole = currency.lower() in ("jpy", "krw", "vnd", "clp")
    return f"{amount if whole else amount / 100:{',' if whole else ',.2f'}} {currency.upper()}"


def table(rows: Iterable[Iterable[str]], total: Iterable[str] = ()) -> str:
    """`total` is one more row, below a line."""
    body = "".join("<tr>" + _cells(row) + "</tr>" for row in rows)
    cells = _cells(total)
    return f"<table>{body}" + (f'<tr class="total">{cells}</tr>' if cells else "") + "</table>"


def _cells(row: Iterable[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def state(status: str) -> str:
    """A status, in its colour."""
    return f'<span class="state {escape(status)}">{escape(status.replace("_", " "))}</span>'


async def typed_in(request: Request) -> dict[str, str]:
    """What a person typed into a form."""
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


def is_link(url: object) -> bool:
    """Whether it may stand in a link: no script, no other scheme."""
    return isinstance(url, str) and url.startswith(("http://", "https://"))


def failure(message: str) -> str:
    return f'<p class="error" role="alert">{escape(message)}</p>'
