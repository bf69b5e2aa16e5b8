-- What references of a later import lead to, of resources that are not kept themselves: the practitioner of a
-- PractitionerRole, the medicine that a Medication is.
CREATE TABLE import_references (
    -- The resource's key.
    uuid BLOB NOT NULL
        CONSTRAINT import_references_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- Base URL of the FHIR server that it came from; empty where the input named none.
    source TEXT NOT NULL
        CONSTRAINT import_references_source_check CHECK (length(source) <= 500),
    doctor_id BLOB
        CONSTRAINT import_references_doctor_id_fkey REFERENCES doctors ON DELETE CASCADE,
    -- The medicine's code system and code, what the code is called, and the medicine's own words.
    system TEXT
        CONSTRAINT import_references_system_check CHECK (length(system) <= 200),
    code TEXT
        CONSTRAINT import_references_code_length_check CHECK (length(code) <= 200),
    name TEXT
        CONSTRAINT import_references_name_check CHECK (length(name) <= 500),
    display TEXT
        CONSTRAINT import_references_display_check CHECK (length(display) <= 500),
    CONSTRAINT import_references_pkey PRIMARY KEY (uuid, source),
    CONSTRAINT import_references_code_check CHECK ((system IS NULL) = (code IS NULL)),
    CONSTRAINT import_references_target_check CHECK ((doctor_id IS NULL) = (coalesce(code, display) IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX import_references_doctor_id_idx ON import_references (doctor_id) WHERE doctor_id IS NOT NULL;
