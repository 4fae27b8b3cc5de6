"""What is planted in the data, by hand: for each gated coordinate the values that only some callers may ever see.

Nothing here is derived from the directives. A gated coordinate without an entry fails the test, and so does an entry
whose values nobody ever saw.
"""

import json
from dataclasses import dataclass
from hashlib import sha256

ANONYMOUS, FREE, PRO, ENTERPRISE = "anonymous", "free", "pro", "enterprise"
INTEGRATOR, OPERATOR = "integrator", "operator"
NO_STRIPE = "STRIPE_UNAVAILABLE"
"""What the mutations of billing say here, where no Stripe is: to callers who got through to them."""

BARE_INTEGRATOR, BARE_OPERATOR = "integrator without scopes", "operator without scopes"
CALLERS = (ANONYMOUS, FREE, PRO, ENTERPRISE, INTEGRATOR, BARE_INTEGRATOR, OPERATOR, BARE_OPERATOR)
MEMBERS = (FREE, PRO, ENTERPRISE)

ARTICLE_BODY = "canary-7f31 the body of the article"
LESSON_BODY = "canary-c28e the body of the lesson"
DRAFT_BODY = "canary-41aa the body of the draft"
FILE_URL = "https://files.example/canary-90bd.pdf"
READ_COUNT = 918_273_645
DAILY_USED = 827_364_591
API_USED = 736_459_182
API_ENDPOINT = "/graphql"
DRAFT_TITLE = "canary-2d6f a draft"
ARTICLE_TITLE = "An article for everybody to find"
DOWNLOAD_TITLE = "A file for everybody to find"
GRANT_ENDS = "2031-07-08T09:10:11"
EXPLAINED_AT = "2030-05-06T07:08:09+00:00"
SUBSCRIPTION_ID = "sub_canary55e1"
EVENT_ID = "evt_canary66f2"
DEAD_ID = "cus_canary77a3"
RECONCILIATION_KEY = "canary"
RECONCILIATION_ID = "rec_" + sha256(RECONCILIATION_KEY.encode()).hexdigest()[:16]
EXPERIMENT = "canary_51f0"
CASE = "canary-88b4 a case"
EVENT = {
    "id": EVENT_ID,
    "object": "event",
    "type": "invoice.paid",
    "created": 1,
    "livemode": False,
    "data": {"object": {"id": "in_1", "object": "invoice"}},
}
EMAILS = {caller: f"canary-{caller}@members.example" for caller in MEMBERS}


@dataclass(frozen=True, slots=True)
class Planted:
    """`values` come to the callers `held_by` and to nobody else; `tables` are read (or written) for them alone."""

    held_by: tuple[str, ...]
    values: tuple[str, ...]
    tables: tuple[str, ...] = ()


PAID = (PRO, ENTERPRISE)

PLANTED = {
    "Article.body": Planted(PAID, (ARTICLE_BODY, DRAFT_BODY), ("content_body",)),
    "Article.readCount": Planted(PAID, (str(READ_COUNT),), ("content_stats",)),
    "Lesson.body": Planted(PAID, (LESSON_BODY,), ("content_body",)),
    "Download.fileUrl": Planted(PAID, (FILE_URL,), ("content_file",)),
    "Member.usageAnalytics": Planted(PAID, (str(DAILY_USED),), ("usage_daily",)),
    "UsageAnalytics.daily": Planted(PAID, (str(DAILY_USED),), ("usage_daily",)),
    "Member.apiAccess": Planted((ENTERPRISE,), (f'"{API_ENDPOINT}"',)),
    "ApiAccess.endpoint": Planted((ENTERPRISE,), (f'"{API_ENDPOINT}"',)),
    "ApiAccess.usage": Planted((ENTERPRISE,), (str(API_USED),), ("usage_counter",)),
    "Query.me": Planted(MEMBERS, tuple(EMAILS.values()), ("member",)),
    "Query.drafts": Planted((OPERATOR,), (DRAFT_TITLE,), ("content",)),
    "Query.members": Planted((OPERATOR,), tuple(EMAILS.values()), ("member",)),
    "Query.member": Planted((OPERATOR,), (EMAILS[PRO],), ("member",)),
    "Query.subscriptions": Planted((OPERATOR,), (SUBSCRIPTION_ID,), ("subscription",)),
    "Query.stripeEvents": Planted((OPERATOR,), (EVENT_ID,), ("stripe_event",)),
    "Query.explainAccess": Planted((OPERATOR,), (EXPLAINED_AT,), ("entitlement_log",)),
    "Query.deadLetters": Planted((OPERATOR,), (DEAD_ID,), ("customer_sync",)),
    "Query.reconciliations": Planted((OPERATOR,), (RECONCILIATION_ID,), ("reconciliation",)),
    "Mutation.replayStripeEvent": Planted((OPERATOR,), (EVENT_ID,), ("stripe_event",)),
    "Mutation.replayDeadLetter": Planted((OPERATOR,), (DEAD_ID,), ("customer_sync",)),
    "Mutation.startReconciliation": Planted((OPERATOR,), (RECONCILIATION_ID,), ("reconciliation",)),
    "Query.experiments": Planted((OPERATOR,), (EXPERIMENT,), ("experiment",)),
    "Mutation.setExperiment": Planted((OPERATOR,), (EXPERIMENT,), ("experiment",)),
    "Mutation.endExperiment": Planted((OPERATOR,), (EXPERIMENT,), ("experiment",)),
    "Mutation.setOverride": Planted((OPERATOR,), (CASE,), ("organization_override",)),
    "Mutation.removeOverride": Planted((OPERATOR,), (CASE,), ("organization_override",)),
    "Query.memberEntitlements": Planted((OPERATOR, INTEGRATOR), (GRANT_ENDS,), ("member",)),
    "Mutation.previewChange": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.changePlan": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.changeQuantity": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.addAddOn": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.cancelSubscription": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.pauseSubscription": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.resumeSubscription": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.resubscribe": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.startCheckout": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.createSubscription": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.openBillingPortal": Planted(MEMBERS, (NO_STRIPE,), ()),
    "Mutation.refund": Planted((OPERATOR,), (NO_STRIPE,), ()),
    "Mutation.grantAccess": Planted((OPERATOR,), (NO_STRIPE,), ()),
    "Mutation.extendTrial": Planted((OPERATOR,), (NO_STRIPE,), ()),
    "Mutation.bookmarkContent": Planted(MEMBERS, (ARTICLE_TITLE,), ("bookmark", "content")),
    "Mutation.removeBookmark": Planted(MEMBERS, (ARTICLE_TITLE,), ("bookmark", "content")),
    "Mutation.recordReading": Planted(MEMBERS, (ARTICLE_TITLE,), ("usage_event", "content")),
    "Mutation.requestDownload": Planted(PAID, (DOWNLOAD_TITLE,), ("usage_event", "content")),
    "Mutation.publishContent": Planted((OPERATOR,), (DRAFT_TITLE,), ("content",)),
    "Subscription.entitlementsChanged": Planted(MEMBERS, tuple(EMAILS.values()), ("member",)),
    "Subscription.contentPublished": Planted((ENTERPRISE,), (ARTICLE_TITLE,), ("content",)),
    "Query.contents(includeArchived:)": Planted(PAID, (), ("content",)),
    "ContentOrder.MOST_READ": Planted(PAID, (), ("content_stats",)),
    "ContentFilter.bodyContains": Planted(PAID, (), ("content_body",)),
}

IDS = {
    "Article": "art_canary",
    "Post": "pst_canary",
    "Course": "crs_canary",
    "Lesson": "les_canary",
    "Download": "dwn_canary",
    "Author": "aut_canary",
    "Member": "mem_pro",
}
DRAFT_ID = "art_draft"

OVERRIDE = """INSERT INTO organization_override (organization_id, kind, key, value, source_id)
      VALUES ('org_canary', 'limit', 'projects', '7', 'case') ON CONFLICT DO NOTHING;"""

TRIED = f"""INSERT INTO experiment (key, content, recorded_at)
      VALUES ('{EXPERIMENT}', '{{"variants": [], "plans": [], "starts_at": null, "ends_at": null}}', '2026-01-01');"""

PLANT = f"""
    INSERT INTO author (id, name) VALUES ('aut_canary', 'An author');
    INSERT INTO content (author_id, teaser, id, kind, slug, title, published_at) VALUES
      ('aut_canary', 'word', 'art_canary', 'article', 'article', '{ARTICLE_TITLE}', '2026-01-01'),
      ('aut_canary', 'word', 'pst_canary', 'post', 'post', 'A post', '2026-01-02'),
      ('aut_canary', 'word', 'crs_canary', 'course', 'course', 'A course', '2026-01-03'),
      ('aut_canary', 'word', 'dwn_canary', 'download', 'download', '{DOWNLOAD_TITLE}', '2026-01-04'),
      ('aut_canary', 'none', '{DRAFT_ID}', 'article', 'draft', '{DRAFT_TITLE}', NULL);
    INSERT INTO content (author_id, teaser, id, kind, slug, title, published_at, parent_id, position) VALUES
      ('aut_canary', 'word', 'les_canary', 'lesson', 'lesson', 'A lesson', '2026-01-03', 'crs_canary', 1);
    UPDATE content SET open_body = 'open', tags = '{{t}}' WHERE kind IN ('post', 'course', 'download');
    UPDATE content SET file_name = 'f.pdf', size_bytes = 9 WHERE kind = 'download';
    INSERT INTO content_body (content_id, required_feature, body) VALUES
      ('art_canary', 'content_premium', '{ARTICLE_BODY}'), ('les_canary', 'content_premium', '{LESSON_BODY}'),
      ('{DRAFT_ID}', 'content_premium', '{DRAFT_BODY}');
    INSERT INTO stripe_event (id, type, created_at, received_at, livemode, body)
      VALUES ('{EVENT_ID}', 'invoice.paid', '2026-02-01', '2026-02-01', false, '{json.dumps(EVENT)}');
    INSERT INTO reconciliation (id, requested_at) VALUES ('{RECONCILIATION_ID}', '2026-02-01');
    INSERT INTO organization (id, name, created_at) VALUES ('org_canary', 'An organisation', '2026-01-01');
    {OVERRIDE}
    {TRIED}
    INSERT INTO customer_sync (customer_id, dirty, dead_at) VALUES ('{DEAD_ID}', 1, '2026-02-01');
    INSERT INTO content_file (content_id, required_feature, file_url) VALUES ('dwn_canary', 'downloads', '{FILE_URL}');
    INSERT INTO content_stats (content_id, required_feature, read_count) VALUES
      ('art_canary', 'analytics', {READ_COUNT}), ('{DRAFT_ID}', 'analytics', {READ_COUNT});
"""

PLANT_MEMBER = f"""
    INSERT INTO member (id, email, name) VALUES ('mem_{{caller}}', '{{email}}', 'A member');
    INSERT INTO bookmark (member_id, content_id, created_at)
      SELECT 'mem_{{caller}}', id, '2026-02-01' FROM content WHERE published_at IS NOT NULL AND kind <> 'lesson';
    INSERT INTO usage_counter (member_id, month, meter, used)
      VALUES ('mem_{{caller}}', '2026-03-01', 'api_calls', {API_USED});
    INSERT INTO usage_daily (member_id, day, meter, used)
      VALUES ('mem_{{caller}}', '2026-02-27', 'api_calls', {DAILY_USED});
"""

RESTORE = f"""
    {OVERRIDE}
    {TRIED}
    UPDATE content SET published_at = NULL WHERE id = '{DRAFT_ID}';
    UPDATE customer_sync SET dead_at = '2026-02-01' WHERE customer_id = '{DEAD_ID}';
    UPDATE content_stats SET read_count = {READ_COUNT};
    INSERT INTO bookmark (member_id, content_id, created_at)
      SELECT m.id, c.id, '2026-02-01' FROM member m, content c WHERE c.published_at IS NOT NULL AND c.kind <> 'lesson'
      ON CONFLICT (member_id, content_id) DO UPDATE SET created_at = excluded.created_at;
"""
"""Undoes whatever the mutations do to what is planted."""
