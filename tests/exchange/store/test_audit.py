"""`hub.exchange.store.audit`: what log and signatures do not bear out is found, by name, in every table.

One region lives through everything once; each case then alters a copy of its database by hand.
"""

import shutil
import sqlite3
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.exchange import enrol
from hub.exchange.sequencer import expire_due
from hub.exchange.store.audit import audit_store
from hub.exchange.store.check import check_store
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.matching.tokens import Person
from hub.protocols import canonical
from hub.protocols.acknowledgement import Approval, OutcomeKind, sign_approval
from hub.protocols.keys import KeyUse, SigningKey, entry_for, sign_entry
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, DisclosureId, MemberKind, NoticeId, NoticeType
from hub.protocols.restatement import Restatement, Retraction, sign_restatement, sign_retraction
from hub.protocols.signing import Typ
from tests.simulators.web_member import ADA, Desk, WebHub

MAKE_FLAGGED = """UPDATE notice SET flags = replace(flags, '"shield":false', '"shield":true') WHERE rec = 1"""


def person(number: int, **changes: Any) -> Person:  # noqa: ANN401 - as the class
    """One of many people who do not resemble each other."""
    names = (
        ("Bertram", "Wynnstay"),
        ("Cosmo", "Ullathorne"),
        ("Delphine", "Xavery"),
        ("Ezra", "Yardley"),
        ("Fidelis", "Abernathy"),
    )
    given, family = names[number]
    made = Person(given, family, date(2009, 1 + number, 7), former_postcode=f"CT{number + 2} 1AB")
    return replace(made, **changes)


@dataclass
class Story:
    """The region, and what its officers do."""

    hub: WebHub
    kent: Desk
    medway: Desk

    def meet(self, someone: Person, arrived: Person | None = None, *, days: int = 60) -> NoticeId:
        """Kent says that somebody left, Medway that somebody came; return Kent's notice."""
        manifest, _ = self.kent.member.manifest(
            person=someone, expires_at=self.hub.now + timedelta(days=days)
        )
        data = self.kent.member.notice(
            person=someone, notice=manifest.notice, expires_at=self.hub.now + timedelta(days=days)
        )
        assert self.kent.member.publishes(data).status_code == 202
        data = self.medway.member.notice(NoticeType.NEW_ARRIVAL, person=arrived or someone)
        assert self.medway.member.publishes(data).status_code == 202
        self.hub.slot()
        return manifest.notice

    def work_off(self, outcome: OutcomeKind | None = None) -> None:
        """Both answer whatever lies in their inboxes, until nothing more comes."""
        for _ in range(4):
            for desk in (self.kent, self.medway):
                for item in desk.look():
                    self._answer(desk, item, outcome)
            self.hub.slot()

    def _answer(self, desk: Desk, item: dict[str, Any], outcome: OutcomeKind | None) -> None:
        if item["stopped"] or item["body"] is None:
            return
        if item["kind"] == "key_request":
            desk.grants(item)
        elif item["kind"] == "officer_task":
            self._approve(desk, item)
        elif item["kind"] == "delivery" and self._is_there(desk, item):
            checked = desk.fetches(item)
            desk.acknowledges(checked)
            if item["body"]["stage"] == "identity":
                desk.confirms(checked)
            elif outcome is not None:
                desk.reports(checked, outcome)

    def _is_there(self, desk: Desk, item: dict[str, Any]) -> bool:
        """Whether a delivery may still be fetched: what has arrived by one way is stopped on the other."""
        status: int = desk.member.gets(f"/v1/inbox/{item['item']}/delivery").status_code
        return status == 200

    def _approve(self, desk: Desk, item: dict[str, Any]) -> None:
        member = desk.member
        said = Approval(
            task=DisclosureId(item["item"]),
            member=member.member,
            notice=NoticeId(item["about"]),
            approve=True,
            officer="O. Fficer",
            signed_at=self.hub.now,
        )
        signed = sign_approval(said, member.signing)
        member.posts(f"/v1/inbox/{item['item']}/approval", {"approval": signed})

    def says(self, agreement: str, change: Change) -> None:
        """Kent suspends or resumes the agreement."""
        kent = self.kent.member
        word = Suspension(AgreementId(agreement), 1, kent.member, change, self.hub.now)
        body = {"word": sign_suspension(word, kent.identity)}
        assert kent.posts(f"/v1/agreements/{agreement}/suspension", body).status_code == 202
        self.hub.slot()


def live(hub: WebHub) -> None:
    """Everything that can happen to a store, once."""
    with hub.serving() as client:
        custodian = hub.admits(client, "mbr_custodian", MemberKind.OBSERVER)
        kent = hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        medway = hub.admits(client, "mbr_medway", MemberKind.AUTHORITY, "887")
        essex = hub.admits(client, "mbr_essex", MemberKind.AUTHORITY, "881")
        company = hub.admits(client, "mbr_company", MemberKind.CAREERS_COMPANY)
        hub.invites("mbr_invited", MemberKind.COLLEGE)
        hub.opens_epoch(custodian, kent, medway)
        story = Story(hub, Desk(kent), Desk(medway))
        refused = story.meet(ADA)  # before there is an agreement
        agreement = hub.agrees("kent-medway-movers", kent, medway)
        hub.slot()
        story.work_off()
        story.meet(person(0))
        story.work_off(OutcomeKind.IN_CASELOAD)
        withdrawn = story.meet(person(1))
        story.work_off()
        body = {"withdrawal": sign_retraction(Retraction(withdrawn, "sent_in_error", hub.now), kent.signing)}
        assert kent.posts(f"/v1/notices/{withdrawn}/withdrawal", body).status_code == 202
        hub.slot()
        story.says(agreement, Change.SUSPEND)
        story.says(agreement, Change.RESUME)
        story.meet(person(2), person(2, former_postcode=""))  # an officer has to look
        story.work_off()
        mandate = Mandate(kent.member, company.member, hub.now, hub.now + timedelta(days=100))
        lodged = {"document": sign_mandate(mandate, Typ.MANDATE, kent.identity)}
        for _ in range(2):
            assert kent.posts("/v1/mandates", lodged).status_code == 201
            hub.slot()
        spare = SigningKey.from_seed(hub.chance.randbytes(32))
        entry = entry_for(kent.member, KeyUse.SIGNING, spare.public, hub.now, hub.now + timedelta(days=9))
        kent.posts("/v1/members/mbr_kent/keys", {"document": sign_entry(entry, kent.identity)})
        hub.slot()
        with hub.store.write() as work:
            enrol.revoke_key(kent.member, spare.key_id, work, hub.hub)
            enrol.suspend(essex.member, work, hub.hub)
        hub.slot()
        expired = story.meet(person(3), person(3, first_name="Ottoline", last_name="Zouche"), days=1)
        assertion = kent.manifest()[0].assertion
        again = sign_restatement(Restatement(refused, replace(assertion, asserted_at=hub.now)), kent.signing)
        assert kent.posts(f"/v1/notices/{refused}/assertions", {"assertion": again}).status_code == 202
        hub.slot()
        hub.now += timedelta(days=2)
        kent.token = medway.token = None
        assert expire_due(hub.store, hub.hub) == 1
        hub.slot()
        assert kent.gets(f"/v1/notices/{expired}").json()["state"] == "expired"
        story.meet(person(4))  # waits for keys
        kent.publishes(kent.notice(person=person(3)))  # kept, and not entered yet


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> WebHub:
    """A hub that has lived, its database in one file."""
    folder = tmp_path_factory.mktemp("lived")
    upgrade(f"sqlite:///{folder / 'hub.db'}")
    hub = WebHub(folder)
    live(hub)  # closes the store at its end, which folds everything into the one file
    return hub


@pytest.fixture
def copy(lived: WebHub, tmp_path: Path) -> Path:
    """A database of one's own to alter."""
    folder = lived.assembly.settings.data_dir
    return Path(shutil.copy(folder / "hub.db", tmp_path / "hub.db"))


def findings(hub: WebHub, path: Path) -> set[str]:
    """The codes of all that does not hold in a database."""
    store = SqlStore(f"sqlite:///{path}", hub.hub.index_key)
    with store.read() as work:
        found = {one.code for one in (*check_store(work, hub.hub.log_key), *audit_store(work, hub.hub))}
    store.close()
    return found


def alter(path: Path, *statements: str) -> int:
    """Somebody changes the database by hand; return how many rows."""
    connection = sqlite3.connect(path)
    changed = sum(max(0, connection.execute(statement).rowcount) for statement in statements)
    connection.commit()
    connection.close()
    return changed


def test_a_store_that_was_only_used_has_nothing_to_find(lived: WebHub, copy: Path) -> None:
    """Refused, released, closed, withdrawn, expired, suspended, resumed, approved, revoked: all in order."""
    assert findings(lived, copy) == set()


def test_the_life_has_everything_in_it(copy: Path) -> None:
    """What is altered below is there to be altered."""
    connection = sqlite3.connect(copy)
    states = {row[0] for row in connection.execute("SELECT state FROM notice")}
    assert states == {"open", "closed", "withdrawn", "expired"}
    ways = {row[0] for row in connection.execute("SELECT state FROM passage")}
    assert ways >= {"released", "closed", "stopped"}
    assert connection.execute("SELECT count(*) FROM passage WHERE approved_by <> ''").fetchone()[0] > 0
    connection.close()


ALTERED = {
    "an entry is hidden from a party": (
        "opening-parties",
        """DELETE FROM opening_party WHERE member = 'mbr_kent'
            AND idx IN (SELECT log_index FROM inbox WHERE kind = 'delivery')""",
    ),
    "an entry is hidden from a party in both places": (
        "opening-shown",
        """DELETE FROM opening_party WHERE member = 'mbr_kent'
            AND idx IN (SELECT log_index FROM inbox WHERE kind = 'delivery')""",
        """UPDATE opening SET parties = 'mbr_medway'
            WHERE idx IN (SELECT log_index FROM inbox WHERE kind = 'delivery')""",
    ),
    "an entry is shown to somebody else": (
        "opening-shown",
        "INSERT INTO opening_party SELECT 'mbr_essex', log_index FROM inbox WHERE kind = 'delivery'",
    ),
    "an entry is found under no notice": (
        "opening-notice",
        "UPDATE opening SET notice = NULL WHERE idx IN (SELECT log_index FROM inbox)",
    ),
    "the entry of a release cannot be opened": (
        "entry-closed",
        "DELETE FROM opening WHERE idx IN (SELECT log_index FROM inbox WHERE kind = 'delivery')",
    ),
    "the entry of a notice cannot be opened": (
        "entry-closed",
        """DELETE FROM opening WHERE record LIKE '%"kind":"published"%'""",
    ),
    "every checkpoint is gone": ("checkpoint-missing", "DELETE FROM checkpoint"),
    "a trigger was put in": (
        "store-added",
        "CREATE TRIGGER quietly AFTER INSERT ON inbox BEGIN DELETE FROM inbox; END",
    ),
    "a notice has another sender": ("notice-columns", "UPDATE notice SET sender = 'mbr_essex' WHERE rec = 1"),
    "a notice has another type": ("notice-columns", "UPDATE notice SET type = 'leaver' WHERE rec = 1"),
    "a notice lasts longer": (
        "notice-columns",
        "UPDATE notice SET expires_at = expires_at + 1 WHERE rec = 2",
    ),
    "a flag is changed": ("notice-assertion", MAKE_FLAGGED.replace("rec = 1", "rec = 2")),
    "a scope is changed": ("notice-assertion", "UPDATE notice SET scope = 'age_13_15' WHERE rec = 2"),
    "an assertion is older": ("notice-assertion", "UPDATE notice SET asserted_at = 0 WHERE rec = 2"),
    "a promise is no promise": ("promise-unsigned", "UPDATE notice SET promise = 'x' WHERE rec = 1"),
    "a promise is another's": (
        "promise-other",
        "UPDATE notice SET promise = (SELECT promise FROM notice WHERE rec = 2) WHERE rec = 1",
    ),
    "a notice was signed with another's key": (
        "notice-unsigned",
        "UPDATE notice SET signed_by = (SELECT signed_by FROM notice WHERE rec = 2) WHERE rec = 1",
    ),
    "a withdrawn notice is open again": (
        "notice-reopened",
        "UPDATE notice SET state = 'open' WHERE state = 'withdrawn'",
    ),
    "an open notice has ended without a word": (
        "notice-state",
        "UPDATE notice SET state = 'withdrawn' WHERE state = 'open' AND log_index IS NOT NULL",
    ),
    "a notice is gone": (
        "notice-missing",
        "DELETE FROM tokens WHERE rec = 1",
        "DELETE FROM body WHERE rec = 1",
        "DELETE FROM rest_key WHERE rec = 1",
        "DELETE FROM posting WHERE rec = 1",
        "DELETE FROM notice WHERE rec = 1",
    ),
    "the tokens are gone": ("tokens-missing", "DELETE FROM tokens"),
    "the tokens are another member's": ("tokens-other", "UPDATE tokens SET member = 'mbr_essex'"),
    "the tokens are another person's": (
        "tokens-altered",
        "UPDATE tokens SET tokens = (SELECT max(tokens) FROM tokens)",
    ),
    "a notice cannot be found": ("index-other", "DELETE FROM posting"),
    "a notice is found by a strange token": (
        "index-other",
        "INSERT INTO posting SELECT 12345, rec FROM tokens",
    ),
    "a token finds nobody": ("index-astray", "INSERT INTO posting VALUES (12345, 999999)"),
    "a token is passed over": ("index-heavy", "INSERT INTO heavy VALUES (12345)"),
    "officers have approved who have not": (
        "approval-unlogged",
        "UPDATE passage SET approved_by = 'mbr_kent mbr_medway' WHERE approved_by = ''",
    ),
    "a `same` was never signed": ("same-unlogged", "UPDATE passage SET same = 1"),
    "something is said to have been released": (
        "passage-unreleased",
        "UPDATE passage SET state = 'released'",
    ),
    "a stopped passage goes on": (
        "passage-goes-on",
        "UPDATE inbox SET stopped = 0 WHERE kind = 'delivery'",
    ),
    "a passage ends elsewhere": ("passage-ends", "UPDATE passage SET recipient = 'mbr_essex'"),
    "a passage begins elsewhere": ("passage-ends", "UPDATE passage SET sender = 'mbr_essex'"),
    "a passage is gone": ("passage-missing", "DELETE FROM passage"),
    "a passage names a strange notice": ("passage-astray", "UPDATE passage SET counter = 'ntc_nothing'"),
    "a box is no box": ("box-other", "UPDATE passage SET box = 'x'"),
    "a request cannot be read": (
        "passage-unreadable",
        "UPDATE passage SET asked_for = zeroblob(40) WHERE asked_for IS NOT NULL",
    ),
    "a delivery lies elsewhere": (
        "item-other-member",
        "UPDATE inbox SET member = 'mbr_essex' WHERE kind = 'delivery'",
    ),
    "a key request lies with its recipient": (
        "item-other-member",
        "UPDATE inbox SET member = 'mbr_medway' WHERE kind = 'key_request'",
    ),
    "a delivery has another part": (
        "release-other-parts",
        """UPDATE inbox SET body = replace(body, '["identity"]', '["identity","care"]')
            WHERE kind = 'delivery'""",
    ),
    "a key request is gone": ("request-nowhere", "DELETE FROM inbox WHERE kind = 'key_request'"),
    "an item cannot be read": (
        "item-unreadable",
        "UPDATE inbox SET body = x'01' || zeroblob(60) WHERE kind = 'key_request'",
    ),
    "a suspended member is back": (
        "member-standing",
        "UPDATE member SET standing = 'live' WHERE member = 'mbr_essex'",
    ),
    "an invited member is in": (
        "member-standing",
        "UPDATE member SET standing = 'live' WHERE member = 'mbr_invited'",
    ),
    "a member is gone": (
        "member-missing",
        "DELETE FROM member_key WHERE member = 'mbr_essex'",
        "DELETE FROM member WHERE member = 'mbr_essex'",
    ),
    "a key is another's": (
        "key-altered",
        """UPDATE member_key SET jwk =
            (SELECT jwk FROM member_key WHERE member = 'mbr_kent' AND use = 'signing' LIMIT 1)
            WHERE member = 'mbr_medway' AND use = 'signing'""",
    ),
    "an identity is another's": (
        "key-altered",
        """UPDATE member_key SET jwk =
            (SELECT jwk FROM member_key WHERE member = 'mbr_kent' AND use = 'identity')
            WHERE member = 'mbr_medway' AND use = 'identity'""",
    ),
    "a key lasts longer": ("key-altered", "UPDATE member_key SET valid_until = valid_until + 1000000"),
    "a key names another entry": ("key-unlogged", "UPDATE member_key SET log_index = log_index + 1"),
    "a revoked key is back": ("key-revived", "UPDATE member_key SET revoked_at_index = NULL"),
    "a key is gone": ("key-missing", "DELETE FROM member_key WHERE use = 'sealing'"),
    "an agreement says something else": (
        "paper-altered",
        "UPDATE paper SET document = replace(document, 'address', 'contact') WHERE kind = 'agreement'",
    ),
    "an agreement is signed by nobody": (
        "paper-altered",
        "UPDATE paper SET signed = '{}' WHERE kind = 'agreement'",
    ),
    "an agreement lasts longer": (
        "paper-altered",
        "UPDATE paper SET valid_until = valid_until + 1 WHERE kind = 'agreement'",
    ),
    "a mandate has another party": (
        "paper-altered",
        "UPDATE paper SET parties = 'mbr_kent mbr_essex' WHERE kind = 'mandate'",
    ),
    "an epoch lasts longer": (
        "paper-altered",
        "UPDATE paper SET valid_until = valid_until + 1 WHERE kind = 'epoch'",
    ),
    "a word is of another instant": (
        "paper-altered",
        "UPDATE paper SET valid_from = valid_from + 1 WHERE kind = 'word'",
    ),
    "an agreement is suspended without a word": (
        "paper-state",
        "UPDATE paper SET state = 'suspended' WHERE kind = 'agreement'",
    ),
    "an old mandate binds again": (
        "paper-state",
        "UPDATE paper SET state = 'in_force' WHERE kind = 'mandate'",
    ),
    "a paper names another entry": ("paper-unlogged", "UPDATE paper SET log_index = log_index + 1"),
    "a paper is gone": ("paper-missing", "DELETE FROM paper WHERE kind = 'agreement'"),
    "a word is none that is known": ("store-unreadable", "UPDATE member SET standing = 'emperor'"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_was_altered_by_hand_has_a_name(lived: WebHub, copy: Path, what: str) -> None:
    """Each alteration is found under its code."""
    code, *statements = ALTERED[what]
    assert alter(copy, *statements) > 0 or "TRIGGER" in statements[0]
    assert code in findings(lived, copy)


def test_a_log_that_was_not_signed_so_is_found(lived: WebHub, copy: Path) -> None:
    """The memory outside the database says another root, a larger size, nothing, or cannot be read."""
    guard = lived.assembly.settings.data_dir / "last-checkpoint"
    kept = guard.read_bytes()
    found = {}
    for name, data in {
        "other root": canonical.encode({"root": canonical.b64u(bytes(32)), "size": 16}),
        "larger": canonical.encode({"root": canonical.b64u(bytes(32)), "size": 10**6}),
        "unreadable": b"{}",
        "gone": None,
    }.items():
        guard.unlink()
        if data is not None:
            guard.write_bytes(data)
        found[name] = findings(lived, copy)
        guard.write_bytes(kept)
    assert found == {
        "other root": {"log-rolled-back"},
        "larger": {"log-rolled-back"},
        "unreadable": {"guard-unreadable"},
        "gone": {"guard-missing"},
    }


def test_findings_name_places_and_no_content(lived: WebHub, copy: Path) -> None:
    """What an operator pastes into a ticket holds ids, numbers and codes: no name, no token, no record."""
    alter(copy, MAKE_FLAGGED.replace("rec = 1", "rec = 2"), "UPDATE member_key SET jwk = '{}'")
    store = SqlStore(f"sqlite:///{copy}", lived.hub.index_key)
    with store.read() as work:
        told = " ".join(f"{one.where} {one.detail}" for one in audit_store(work, lived.hub))
    store.close()
    assert told
    assert not any(word in told for word in ("Quillfeather", "Wynnstay", "eyJ", "shield", "2009"))
