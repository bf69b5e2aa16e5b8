-- Form 2 of the audit trail: an entry is what one request did to patients of one institution in one way, with up to 1000
-- patients, as FHIR's AuditEvent has several entities. Entries of form 1, of one patient each, stay as they are: their
-- bytes are hashed.

ALTER TABLE audit_events
    ADD COLUMN form smallint NOT NULL DEFAULT 1
        CONSTRAINT audit_events_form_check CHECK (form IN (1, 2)),
    -- The patients whose data it was, of form 2; null where it was nobody's.
    ADD COLUMN patient_ids uuid[]
        CONSTRAINT audit_events_patient_ids_check CHECK (cardinality(patient_ids) BETWEEN 1 AND 1000),
    -- Of an entry about a question: by which fields and operators it asked, how many records matched, and its arguments,
    -- sealed under a key that the database does not have.
    ADD COLUMN operators text[],
    ADD COLUMN matched bigint CONSTRAINT audit_events_matched_check CHECK (matched >= 0),
    ADD COLUMN query bytea,
    ADD CONSTRAINT audit_events_shape_check CHECK (
        CASE form WHEN 1 THEN num_nonnulls(patient_ids, operators, matched, query) = 0 ELSE patient_id IS NULL END);
CREATE INDEX audit_events_patient_ids_idx ON audit_events USING gin (patient_ids) WHERE patient_ids IS NOT NULL;

-- Containment of arrays is not leakproof: under row policies no index is used for it, not for the owner either (FORCE). So
-- entries are found by patient by a function of a role of its own, which sees the whole of this table and nothing else. The
-- function takes the boundary from the session's settings, never from an argument.
--
-- The policy of the table shows a patient no entry of form 2, which may name others: this function is how patients read.
GRANT SELECT ON audit_events TO phr_audit_reader;
CREATE POLICY lookup ON audit_events FOR SELECT TO phr_audit_reader USING (true);

SET LOCAL ROLE phr_audit_reader;

-- The entries within the boundary that are about any of these patients. A patient finds the own ones, with the own key and no
-- other. Hashes and sealed arguments are left out. The rows are the table's, whose texts have its collation; they come as a
-- whole and are sorted outside, so that no order tempts the planner to walk through the trail.
CREATE FUNCTION audit_events_about(patients uuid[]) RETURNS SETOF audit_events
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    is_all constant boolean := public.boundary_is_all() IS NOT NULL;
    within constant uuid := public.boundary_institution();
    own constant uuid := public.boundary_patient();
    sought uuid[] := patients;
BEGIN
    IF own IS NOT NULL THEN
        -- Of other patients nothing is said, not even that there is an entry.
        sought := CASE WHEN own = ANY (patients) THEN ARRAY[own] ELSE '{}' END;
    END IF;
    RETURN QUERY
        SELECT event.uuid, event.instance, event.sequence, event.occurred_at, event.actor_id, event.role,
            event.session_id, event.institution_id, event.grant_id, event.origin, event.request_id, event.action,
            event.resource, event.resource_id, event.version, event.resource_institution_id, event.patient_id,
            event.fields, event.outcome, event.settles, NULL::bytea, NULL::bytea, event.form,
            CASE WHEN own IS NULL THEN event.patient_ids ELSE sought END,
            event.operators, event.matched, NULL::bytea
          FROM public.audit_events AS event
         WHERE event.patient_ids && sought
           AND (is_all OR own IS NOT NULL OR event.institution_id = within OR event.resource_institution_id = within)
        UNION ALL
        SELECT event.uuid, event.instance, event.sequence, event.occurred_at, event.actor_id, event.role,
            event.session_id, event.institution_id, event.grant_id, event.origin, event.request_id, event.action,
            event.resource, event.resource_id, event.version, event.resource_institution_id, event.patient_id,
            event.fields, event.outcome, event.settles, NULL::bytea, NULL::bytea, event.form, event.patient_ids,
            event.operators, event.matched, NULL::bytea
          FROM public.audit_events AS event
         WHERE event.patient_id = ANY (sought)
           AND (is_all OR own IS NOT NULL OR event.institution_id = within OR event.resource_institution_id = within);
END
$$;

REVOKE EXECUTE ON FUNCTION audit_events_about(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_events_about(uuid[]) TO phr_server, phr_owner;

SET LOCAL ROLE phr_owner;

-- An event once for each of its patients, as FHIR's AuditEvent is read by patient; once where it has none. A patient finds
-- the own ones.
CREATE VIEW audit_event_patients WITH (security_invoker) AS
SELECT uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
    action, resource, resource_id, version, resource_institution_id, known.patient_id, fields, operators, matched, outcome,
    settles
FROM (
    SELECT uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
        action, resource, resource_id, version, resource_institution_id, coalesce(patient_ids, ARRAY[patient_id]), fields,
        operators, matched, outcome, settles
    FROM audit_events WHERE (SELECT boundary_has_all_patients()) IS NOT NULL
    UNION ALL
    SELECT uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
        action, resource, resource_id, version, resource_institution_id, coalesce(patient_ids, ARRAY[patient_id]), fields,
        operators, matched, outcome, settles
    FROM audit_events_about(ARRAY[(SELECT boundary_patient())])
    WHERE (SELECT boundary_has_all_patients()) IS NULL
) AS event (uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
    action, resource, resource_id, version, resource_institution_id, patients, fields, operators, matched, outcome, settles)
CROSS JOIN LATERAL unnest(event.patients) AS known (patient_id);

COMMENT ON VIEW audit_event_patients IS 'a row for each patient of an entry of audit_events, whose policies hold';
GRANT SELECT ON audit_event_patients TO phr_server;
