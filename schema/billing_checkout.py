"""Getting in: where a member begins to pay, and where to look after it later."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from billing.checkout import Checkout
from billing.return_urls import LONGEST_URL
from billing.subscribing import ConfirmationKind, Subscribing
from gating.directives import Authenticated
from resolvers import billing as resolve
from resolvers.context import Info
from resolvers.inputs import text_of
from schema.billing_orders import MEMBERS, OrderInput, country_in, optional_text, order_in
from schema.billing_payloads import KEY, BillingPayload
from schema.fields import field, show_enum
from schema.subscriptions import SubscriptionStatus  # from where it is shown

T = "What to do it with."
RETURN = "a path on this service, or an address that it allows"

show_enum(
    ConfirmationKind,
    "What is to be confirmed in the browser, by Stripe's own library.",
    {
        ConfirmationKind.PAYMENT: "The first payment: `stripe.confirmPayment`.",
        ConfirmationKind.SETUP: "A way to pay, for when something is due: `stripe.confirmSetup`.",
    },
)


@strawberry.input(description="What to buy, and where to come back to.", directives=[MEMBERS])
class StartCheckoutInput(OrderInput):
    success_url: str = field(
        f"Where to go when it is paid: {RETURN}. Stripe puts the session's id in place of `{{CHECKOUT_SESSION_ID}}`."
        " Being there proves nothing: ask for what is held."
    )
    cancel_url: str | None = strawberry.field(default=None, description="Where to go when it is not; as `successUrl`.")
    idempotency_key: str = field(KEY)


@strawberry.input(description="What to subscribe to.", directives=[MEMBERS])
class CreateSubscriptionInput(OrderInput):
    idempotency_key: str = field(KEY)


@strawberry.input(description="Where to come back to.", directives=[MEMBERS])
class OpenBillingPortalInput:
    return_url: str = field(f"Where to go afterwards: {RETURN}.")
    idempotency_key: str = field(KEY)


@strawberry.type(description="A page of Stripe's to pay on.", directives=[MEMBERS])
class CheckoutSession:
    url: str = field("Where to send the browser.")
    session_id: str = field("Its id at Stripe.")
    expires_at: datetime = field("When it can no longer be used.")


@strawberry.type(description="What the browser has to finish, 3-D Secure with it.", directives=[MEMBERS])
class Confirmation:
    kind: ConfirmationKind = field("What is to be confirmed.")
    client_secret: str = field("For Stripe's library in the browser; for nobody else.")


@strawberry.type(description="A subscription as it was made.", directives=[MEMBERS])
class NewSubscription:
    subscription_id: str = field("Its id at Stripe.")
    status: SubscriptionStatus = field("Where it stood when it was made; `Member.subscription` says where it stands.")
    confirmation: Confirmation | None = field(
        "What is left to do in the browser; null when nothing is. What was bought is held once Stripe has told of it."
    )


@strawberry.type(description="Stripe's own pages about the member's billing.", directives=[MEMBERS])
class BillingPortal:
    url: str = field("Where to send the browser, at once: it does not last.")


@strawberry.type(description="Where to pay.", directives=[MEMBERS])
class StartCheckoutPayload(BillingPayload):
    entity: CheckoutSession | None = field("The page; null when there are errors.", name="checkout")


@strawberry.type(description="What was made.", directives=[MEMBERS])
class CreateSubscriptionPayload(BillingPayload):
    entity: NewSubscription | None = field("The subscription; null when there are errors.", name="subscription")


@strawberry.type(description="Where to look after billing.", directives=[MEMBERS])
class OpenBillingPortalPayload(BillingPayload):
    entity: BillingPortal | None = field("The pages; null when there are errors.", name="portal")


@strawberry.type(description="How members begin to pay.")
class BillingCheckout:
    @strawberry.field(
        description="Begins a checkout on a page of Stripe's. What is bought is held as soon as Stripe has told of it.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=StartCheckoutPayload,
    )
    async def start_checkout(
        self, info: Info, input: Annotated[StartCheckoutInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.start_checkout(info, input.idempotency_key, _checkout(input))

    @strawberry.field(
        description="Makes a subscription that the browser pays for itself, by Stripe's Payment Element.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=CreateSubscriptionPayload,
    )
    async def create_subscription(
        self, info: Info, input: Annotated[CreateSubscriptionInput, strawberry.argument(description=T)]
    ) -> Any:
        code = optional_text("promotionCode", input.promotion_code)
        wanted = Subscribing(order_in(input), code, country_in(input))
        return await resolve.create_subscription(info, input.idempotency_key, wanted)

    @strawberry.field(
        description="Opens Stripe's pages on which members change how they pay, see invoices and cancel.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=OpenBillingPortalPayload,
    )
    async def open_billing_portal(
        self, info: Info, input: Annotated[OpenBillingPortalInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.open_billing_portal(info, input.idempotency_key, _url("returnUrl", input.return_url))


def _checkout(input: StartCheckoutInput) -> Checkout:
    success = _url("successUrl", input.success_url)
    cancel = None if input.cancel_url is None else _url("cancelUrl", input.cancel_url)
    code = optional_text("promotionCode", input.promotion_code)
    return Checkout(order_in(input), success, cancel, code, country_in(input))


def _url(name: str, value: str) -> str:
    return text_of(name, value, longest=LONGEST_URL)
