-- SQLite has no functions of its own language: there the mutation registerPatientWithProfile is the only way.
SELECT 1;
