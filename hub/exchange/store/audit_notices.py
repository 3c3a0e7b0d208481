"""Hold kept notices, and the index over their tokens, to what their senders signed."""

from collections.abc import Iterator

from hub.consent.flags import Flags
from hub.exchange.stages import KeyUse, PaperKind, StoredNotice
from hub.exchange.states import NoticeState
from hub.exchange.store.check import Finding
from hub.exchange.store.evidence import Evidence
from hub.exchange.store.index import posting_numbers
from hub.exchange.store.inventory import NoticeColumns
from hub.exchange.store.notices import known_scope
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError
from hub.protocols.key_grant import read_counter_tokens
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import NoticeId
from hub.protocols.notice import read_manifest
from hub.protocols.promise import read_promise
from hub.protocols.restatement import read_renewal
from hub.protocols.signing import Typ, key_id_of
from hub.protocols.token_record import rekey


def audit_notices(evidence: Evidence) -> Iterator[Finding]:
    """Each notice says in every column what was signed; each one that was entered is kept."""
    kept = set[str]()
    for columns in evidence.work.inventory.notice_columns():
        kept.add(columns.notice)
        try:
            notice = evidence.work.notices.get(columns.notice)
        except ProtocolError:
            continue  # the check of notices says so
        if notice is not None:
            yield from _audit_columns(columns, notice)
            yield from _audit_words(notice, evidence)
            yield from _audit_state(notice, evidence)
            yield from _audit_tokens(columns, notice, evidence)
    for name in evidence.ledger.things["published"].keys() - kept:
        yield Finding("notice-missing", name, "a notice is in the log and not in the tables")


def audit_index(evidence: Evidence) -> Iterator[Finding]:
    """The index finds nobody who is not there, and passes over nobody who is."""
    if strays := evidence.work.inventory.posted_for_nobody():
        yield Finding("index-astray", "posting", f"{strays} postings name a notice that has no tokens")
    if light := evidence.work.inventory.light_among_heavy():
        yield Finding("index-heavy", "heavy", f"{light} tokens are passed over although few hold them")


def _audit_columns(columns: NoticeColumns, notice: StoredNotice) -> Iterator[Finding]:
    manifest = notice.manifest
    said = (columns.sender, columns.type, columns.epoch, columns.expires_at)
    epoch = manifest.epoch if notice.renewed is None else notice.keyed.epoch
    if said != (manifest.sender, manifest.type.value, epoch, manifest.expires_at):
        yield Finding("notice-columns", notice.notice, "sender, type, epoch or end are not those signed")
    asserted = manifest.assertion
    first = notice.asserted_at == asserted.asserted_at
    as_signed = (
        columns.scope == known_scope(asserted.scope) and Flags.from_json(asserted.flags) == notice.flags
    )
    if notice.asserted_at < asserted.asserted_at or (first and not as_signed):
        yield Finding("notice-assertion", notice.notice, "scope or flags are not those that were asserted")


def _audit_words(notice: StoredNotice, evidence: Evidence) -> Iterator[Finding]:
    members, name = evidence.work.members, notice.notice
    try:
        key = members.key(notice.signed_by)
        if key is None or key.member != notice.sender:
            yield Finding("notice-unsigned", name, "the key that signed is not its sender's")
        else:
            read_manifest(notice.jws, VerifyingKey.from_jwk(key.jwk))
    except ProtocolError as fault:
        yield Finding("notice-unsigned", name, fault.detail)
    if notice.renewed is not None and not _renewed_by_sender(notice, evidence):
        yield Finding("renewal-unsigned", name, "its sender has not signed the tokens that it has now")
    if (
        notice.state is NoticeState.OPEN
        and name not in evidence.waiting
        and _renewal(notice) != _entered(name, evidence)
    ):
        yield Finding("renewal-unlogged", name, "the log says that it has other tokens, or first ones, now")
    try:
        promise = read_promise(evidence.work.notices.promise(name) or "", evidence.hub.key.public)
        if (promise.notice, promise.manifest) != (name, notice.digest):
            yield Finding("promise-other", name, "the promise was given for another notice")
    except ProtocolError as fault:
        yield Finding("promise-unsigned", name, fault.detail)


def _renewal(notice: StoredNotice) -> Json:
    return None if notice.renewed is None else canonical.digest(notice.renewed.encode())


def _entered(notice: str, evidence: Evidence) -> Json:
    """The digest of the renewal that the log has of a notice last."""
    entered = evidence.ledger.things["renewal"].get(notice)
    return None if entered is None else entered[1].get("renewal")


def _renewed_by_sender(notice: StoredNotice, evidence: Evidence) -> bool:
    renewed = notice.renewed or ""
    try:
        key = evidence.work.members.key(key_id_of(renewed, Typ.RENEWAL))
        if key is None or (key.member, key.use) != (notice.sender, KeyUse.SIGNING):
            return False
        return read_renewal(renewed, VerifyingKey.from_jwk(key.jwk)).notice == notice.notice
    except ProtocolError:
        return False


def _audit_state(notice: StoredNotice, evidence: Evidence) -> Iterator[Finding]:
    name = notice.notice
    if name in evidence.waiting:
        return
    recorded = evidence.ledger.ended.get(name)
    if notice.state is NoticeState.OPEN:
        if recorded is not None:
            yield Finding("notice-reopened", name, f"the log says that this notice is {recorded}")
        if evidence.closed(notice.log_index):
            yield Finding("entry-closed", name, "the entry of a notice that stands cannot be opened")
        return
    if notice.state is NoticeState.MERGED and evidence.ledger.leads.get(name) is not False:
        yield Finding(
            "merged-unagreed", name, "its sender's word that another member leads is not in the log"
        )
    overtaken = (recorded, notice.state) == (NoticeState.CLOSED.value, NoticeState.EXPIRED)
    if recorded != notice.state.value and not overtaken:
        yield Finding("notice-state", name, "the log does not say that this notice has ended so")


def _audit_tokens(columns: NoticeColumns, notice: StoredNotice, evidence: Evidence) -> Iterator[Finding]:
    if notice.state is not NoticeState.OPEN:
        return
    name = notice.notice
    if columns.tokens is None:
        if _is_over(columns.epoch, evidence):
            return
        yield Finding("tokens-missing", name, "an open notice has lost its tokens: nothing can match it")
        return
    if columns.tokens != (name, notice.sender, notice.realm.value, columns.epoch):
        yield Finding("tokens-other", name, "the tokens lie under another notice, member, realm or epoch")
    if _altered(notice, evidence):
        yield Finding("tokens-altered", name, "the tokens are not those that were published")
    if NoticeId(name) not in evidence.waiting and notice.log_index is not None:
        numbers = frozenset(posting_numbers(notice.keyed, columns.era))
        if evidence.work.inventory.posted(columns.rec) != numbers:
            yield Finding("index-other", name, "the index has this notice under other tokens than its own")


def _is_over(epoch: str, evidence: Evidence) -> bool:
    """Whether a linkage epoch has ended: what was not made anew for the next is found no more."""
    paper = evidence.work.papers.get(PaperKind.EPOCH, epoch)
    return paper is not None and paper.valid_until is not None and paper.valid_until <= evidence.hub.now()


def _altered(notice: StoredNotice, evidence: Evidence) -> bool:
    try:
        shown = read_counter_tokens(notice.counter_tokens, notice.signed_tokens)
    except ProtocolError:
        return False  # the check of notices says so
    again = rekey(shown, evidence.hub.index_key)
    return (again.name_birth, again.evidence) != (notice.keyed.name_birth, notice.keyed.evidence)
