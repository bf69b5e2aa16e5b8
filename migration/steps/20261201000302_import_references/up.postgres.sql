-- What references of a later import lead to, of resources that are not kept themselves: the practitioner of a
-- PractitionerRole, the medicine that a Medication is.
CREATE TABLE import_references (
    -- The resource's key.
    uuid uuid NOT NULL,
    -- Base URL of the FHIR server that it came from; empty where the input named none.
    source varchar(500) COLLATE "C" NOT NULL,
    doctor_id uuid
        CONSTRAINT import_references_doctor_id_fkey REFERENCES doctors ON DELETE CASCADE,
    -- The medicine's code system and code, what the code is called, and the medicine's own words.
    system varchar(200) COLLATE "C",
    code varchar(200) COLLATE "C",
    name varchar(500) COLLATE "C",
    display varchar(500) COLLATE "C",
    CONSTRAINT import_references_pkey PRIMARY KEY (uuid, source),
    CONSTRAINT import_references_code_check CHECK ((system IS NULL) = (code IS NULL)),
    CONSTRAINT import_references_target_check CHECK ((doctor_id IS NULL) = (coalesce(code, display) IS NOT NULL))
);
CREATE INDEX import_references_doctor_id_idx ON import_references (doctor_id) WHERE doctor_id IS NOT NULL;
COMMENT ON TABLE import_references IS 'system: what references of later imports lead to; no patient''s';

-- Only imports read it, and they work for all institutions.
ALTER TABLE import_references ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY imports ON import_references
    USING ((SELECT boundary_is_all()) IS NOT NULL AND (SELECT boundary_has_all_patients()) IS NOT NULL);

GRANT SELECT, INSERT, UPDATE, DELETE ON import_references TO phr_server;
