DROP TABLE import_references;
