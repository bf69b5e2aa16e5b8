-- Entries of a patient are read month by month, no further than a page needs: the function that finds them by patient
-- takes the months too, which are the partitions of the table.

DROP VIEW audit_event_patients;

-- The months of the trail that are not wholly before or after these instants; `place` grows along the order that is wanted.
CREATE FUNCTION audit_months(newest_first boolean, earliest timestamptz, latest timestamptz)
RETURNS TABLE (place bigint, since timestamptz, until timestamptz)
LANGUAGE sql STABLE ROWS 24 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT extract(epoch FROM month.since)::bigint * CASE WHEN newest_first THEN -1 ELSE 1 END, month.since, month.until
      FROM (SELECT first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC'
              FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid,
                   to_date(right(child.relname, 7), 'YYYY_MM') AS first
             WHERE inhparent = 'public.audit_events'::regclass) AS month (since, until)
     WHERE (earliest IS NULL OR month.until > earliest) AND (latest IS NULL OR month.since <= latest)
$$;
REVOKE EXECUTE ON FUNCTION audit_months(boolean, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_months(boolean, timestamptz, timestamptz) TO phr_server;

SET LOCAL ROLE phr_audit_reader;

DROP FUNCTION audit_events_about(uuid[]);

-- The entries within the boundary that are about any of these patients. A patient finds the own ones, with the own key and no
-- other. Hashes and sealed arguments are left out. The rows are the table's, whose texts have its collation; they come as a
-- whole and are sorted outside, so that no order tempts the planner to walk through the trail. Those between two instants are
-- read from the months that have them; each call is planned by itself: of instants that it does not know the planner expects
-- that they leave little, and would look through the month's index by time.
CREATE FUNCTION audit_events_about(
    patients uuid[], since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity'
) RETURNS SETOF audit_events
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
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
         WHERE event.patient_ids && sought AND event.occurred_at >= since AND event.occurred_at < until
           AND (is_all OR own IS NOT NULL OR event.institution_id = within OR event.resource_institution_id = within)
        UNION ALL
        SELECT event.uuid, event.instance, event.sequence, event.occurred_at, event.actor_id, event.role,
            event.session_id, event.institution_id, event.grant_id, event.origin, event.request_id, event.action,
            event.resource, event.resource_id, event.version, event.resource_institution_id, event.patient_id,
            event.fields, event.outcome, event.settles, NULL::bytea, NULL::bytea, event.form, event.patient_ids,
            event.operators, event.matched, NULL::bytea
          FROM public.audit_events AS event
         WHERE event.patient_id = ANY (sought) AND event.occurred_at >= since AND event.occurred_at < until
           AND (is_all OR own IS NOT NULL OR event.institution_id = within OR event.resource_institution_id = within);
END
$$;

REVOKE EXECUTE ON FUNCTION audit_events_about(uuid[], timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_events_about(uuid[], timestamptz, timestamptz) TO phr_server, phr_owner;

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
