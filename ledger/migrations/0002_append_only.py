"""Events are only ever added: the database itself refuses to change or remove one."""

from django.db import migrations

GUARD = """
CREATE FUNCTION ledger_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.index IS NULL
       AND to_jsonb(NEW) - 'index' = to_jsonb(OLD) - 'index' THEN
        RETURN NEW;  -- the sequencer gives an event its place in the tree, once
    END IF;
    RAISE EXCEPTION 'the record is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_event
    FOR EACH ROW EXECUTE FUNCTION ledger_event_is_append_only();
"""

UNGUARD = """
DROP TRIGGER append_only ON ledger_event;
DROP FUNCTION ledger_event_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
