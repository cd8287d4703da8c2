"""Mails and in-app messages: once per key, in the caller's transaction; files and hidden parts reach the receiver."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from core import acting_as, add_file, db, load_principal, notify, record_class, send_mail, system, transaction
from core.messages import sending
from core.messages.model import Mail
from core.records.notes import Notification
from core.setup.people import create_user


@pytest.fixture(scope="module")
def person(app):
    with app.app_context():
        return create_user("mail-reader", ["administrator"], None, email="reader@example.test")


def stored(ident):
    with system("look") as session:
        return session.get(Mail, ident)


def test_a_key_makes_one_mail_and_one_message_per_person(context, person):
    with acting_as(load_principal(person)), transaction():
        first = send_mail("a@example.test", "Hello", "Text", key="only-once")
        assert send_mail("a@example.test", "Hello", "Text", key="only-once") is None
        assert len(notify([person, person, None], "Look", key="look-once")) == 1
        assert notify([person], "Look", key="look-once") == []
    assert stored(first).recipient == "a@example.test"


def test_what_is_rolled_back_sends_nothing(context, person):
    with pytest.raises(RuntimeError), acting_as(load_principal(person)), transaction():
        send_mail("b@example.test", "Never", "Text", key="never")
        notify([person], "Never", key="never")
        raise RuntimeError
    with system("look") as session:
        assert session.scalar(select(Mail.id).where(Mail.key == "never")) is None
        assert session.scalar(select(Notification.id).where(Notification.subject == "Never")) is None


def test_files_and_the_hidden_part_are_in_the_mail_and_not_in_the_product(context, person):
    branch = record_class("core.branch")
    with acting_as(load_principal(person)), transaction():
        place = branch(name="Mail office")
        db.session.add(place)
        db.session.flush()
        file = add_file(place, "信函.pdf", io.BytesIO(b"%PDF-1.7"))
        ident = send_mail(
            "c@example.test",
            "Welcome",
            "Open {hidden}",
            record=place,
            attachments=[file.id],
            hidden_part="https://x/t0ken",
        )
    mail = stored(ident)
    assert "t0ken" not in mail.body
    text = sending.message(mail, sending._files(mail))
    assert "https://x/t0ken" in text.get_body().get_content()
    (attached,) = text.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("信函.pdf", b"%PDF-1.7")


def test_the_hidden_part_is_unreadable_in_the_database_and_over_every_way_out(app, context, person):
    with acting_as(load_principal(person)), transaction():
        ident = send_mail("d@example.test", "Secret", "Open {hidden}", user_id=person, hidden_part="t0ken-of-d")
    with db.engine.connect() as connection:
        raw = connection.exec_driver_sql(f"SELECT * FROM core_mail WHERE id = {ident}").one()
    assert "t0ken-of-d" not in str(raw)
    with acting_as(load_principal(person)):
        from core import dump

        assert "t0ken-of-d" not in str(dump(db.session.scalars(select(Mail).where(Mail.id == ident)).one()))
