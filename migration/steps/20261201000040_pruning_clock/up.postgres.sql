-- Old entries are removed by the clock, so a wrong clock would remove young ones. `trusted_at` is the last instant at which
-- the clock was found to be right. When it has moved by more than 31 days since, nothing is removed until an operator
-- confirms it (`phr audit accept-clock`).

CREATE TABLE pruning_clock (
    id integer CONSTRAINT pruning_clock_pkey PRIMARY KEY CONSTRAINT pruning_clock_id_check CHECK (id = 1),
    trusted_at timestamptz NOT NULL
);
-- The owner, too, sees entries only within a boundary.
SELECT set_config('phr.institution', 'all', true), set_config('phr.patient', '', true);
INSERT INTO pruning_clock (id, trusted_at)
SELECT 1, coalesce(
    greatest(
        (SELECT max(occurred_at) FROM audit_events),
        (SELECT occurred_at FROM change_log ORDER BY sequence DESC LIMIT 1)),
    now());
SELECT set_config('phr.institution', '', true);
COMMENT ON TABLE pruning_clock IS 'system: last instant at which the clock was found to be right';

-- Pruning notes how far it went in the same transaction; these triggers stop it there.
CREATE FUNCTION refuse_doubtful_clock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM public.pruning_clock
                WHERE now() NOT BETWEEN trusted_at - interval '31 days' AND trusted_at + interval '31 days') THEN
        RAISE EXCEPTION 'the clock has moved by more than 31 days since it was last found to be right'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'set the clock, or run `phr audit accept-clock`';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_doubtful_clock() FROM PUBLIC;
CREATE TRIGGER audit_beginnings_clock BEFORE INSERT OR UPDATE ON audit_beginnings
    FOR EACH ROW EXECUTE FUNCTION refuse_doubtful_clock();
CREATE TRIGGER change_log_horizon_clock BEFORE UPDATE ON change_log_horizon
    FOR EACH ROW EXECUTE FUNCTION refuse_doubtful_clock();

GRANT SELECT, UPDATE (trusted_at) ON pruning_clock TO phr_server;
