/// Inserts what [`insertion`](super::insertion::insertion) hands over as columns. `OFFSET 0` keeps the names of fields from
/// being taken apart anew for each entry.
pub(super) const TO_POSTGRES: &str = "\
    INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, session_id, institution_id, grant_id, \
        origin, request_id, action, resource, resource_id, version, resource_institution_id, form, patient_id, patient_ids, \
        fields, operators, matched, query, outcome, settles, previous_hash, hash) \
    SELECT entry.uuid, instance, sequence, occurred_at, actor_id, role, session_id, institution_id, grant_id, origin, \
        request_id, action, resource, CASE WHEN own & 1 <> 0 THEN resource_id END, CASE WHEN own & 2 <> 0 THEN version END, \
        CASE WHEN own & 4 <> 0 THEN resource_institution_id END, form, CASE WHEN own & 8 <> 0 THEN patient_id END, \
        CASE WHEN own & 32 <> 0 THEN ($12::uuid[])[before + 1:until] END, fields, operators, matched, query, \
        outcome, CASE WHEN own & 16 <> 0 THEN settles END, previous_hash, hash \
    FROM ( \
        SELECT *, lag(until, 1, 0) OVER (ORDER BY place) AS before \
        FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::integer[], $5::uuid[], $6::uuid[], $7::bigint[], $8::bytea[], \
            $9::bytea[], $10::integer[], $11::integer[], $13::integer[]) WITH ORDINALITY \
            AS entry (uuid, sequence, resource_id, version, resource_institution_id, patient_id, settles, previous_hash, \
            hash, own, common, until, place) \
    ) AS entry \
    JOIN ( \
        SELECT number, instance, occurred_at, actor_id, role, CASE WHEN shared & 1 <> 0 THEN session_id END AS session_id, \
            CASE WHEN shared & 2 <> 0 THEN institution_id END AS institution_id, \
            CASE WHEN shared & 4 <> 0 THEN grant_id END AS grant_id, CASE WHEN shared & 8 <> 0 THEN origin END AS origin, \
            request_id, action, resource, string_to_array(fields, chr(31)) AS fields, outcome, form, \
            CASE WHEN shared & 16 <> 0 THEN string_to_array(operators, chr(31)) END AS operators, \
            CASE WHEN shared & 32 <> 0 THEN matched END AS matched, CASE WHEN shared & 64 <> 0 THEN query END AS query \
        FROM unnest($14::uuid[], $15::timestamptz[], $16::uuid[], $17::text[], $18::uuid[], $19::uuid[], $20::uuid[], \
            $21::text[], $22::uuid[], $23::text[], $24::text[], $25::text[], $26::text[], $27::integer[], $28::text[], \
            $29::bigint[], $30::bytea[], $31::integer[]) WITH ORDINALITY \
            AS known (instance, occurred_at, actor_id, role, session_id, institution_id, grant_id, origin, request_id, \
            action, resource, fields, outcome, form, operators, matched, query, shared, number) \
        OFFSET 0 \
    ) AS common ON common.number = entry.common";

/// Inserts entries that stand as objects in a list of JSON.
pub(super) const TO_SQLITE: &str = "\
    INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, session_id, institution_id, grant_id, \
        origin, request_id, action, resource, resource_id, version, resource_institution_id, form, patient_id, patient_ids, \
        fields, operators, matched, query, outcome, settles, previous_hash, hash) \
    SELECT unhex(value->>'uuid', '-'), unhex(value->>'instance', '-'), value->>'sequence', value->>'occurred_at', \
        unhex(value->>'actor_id', '-'), value->>'role', unhex(value->>'session_id', '-'), \
        unhex(value->>'institution_id', '-'), unhex(value->>'grant_id', '-'), value->>'origin', \
        unhex(value->>'request_id', '-'), value->>'action', value->>'resource', unhex(value->>'resource_id', '-'), \
        value->>'version', unhex(value->>'resource_institution_id', '-'), coalesce(value->>'form', 1), \
        unhex(value->>'patient_id', '-'), value->'patient_ids', value->'fields', value->'operators', value->>'matched', \
        unhex(value->>'query'), value->>'outcome', value->>'settles', unhex(value->>'previous_hash'), unhex(value->>'hash') \
    FROM json_each($1) WHERE true ON CONFLICT (instance, sequence) DO NOTHING";
