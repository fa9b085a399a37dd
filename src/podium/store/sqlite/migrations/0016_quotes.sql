-- A payload may quote earlier ones of its run, and is then no JSON text: an older Podium is not to read it, and the view shows none.
DROP VIEW journal;
CREATE VIEW journal AS
SELECT r.id AS run, f.place & 16777215 AS seq, f.kind, f.key, f.at, f.epoch, f.body,
    CASE WHEN SUBSTR(f.payload, 1, 1) <> x'00' THEN f.payload END AS payload, f.blob, f.hash
FROM facts f JOIN runs r ON r.n = f.place >> 24
