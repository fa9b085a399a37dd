-- What a kept answer cost when it was first given, and vectors of what was asked, by which answers to questions like it are found: among those that
-- have all else in common. Whatever deletes an answer deletes its vector.
ALTER TABLE answers_kept ADD COLUMN usd REAL;
CREATE TABLE answers_vectors (
    v INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL,
    agent TEXT NOT NULL,
    version TEXT NOT NULL,
    tenant TEXT NOT NULL,
    among TEXT NOT NULL,
    signs BLOB NOT NULL,
    numbers BLOB NOT NULL,
    UNIQUE (digest, agent, version, tenant)
);
CREATE INDEX answers_vectors_among ON answers_vectors (among, v, signs);
CREATE INDEX answers_vectors_of ON answers_vectors (agent, version, tenant, v);
CREATE TRIGGER answers_kept_deleted AFTER DELETE ON answers_kept BEGIN DELETE FROM answers_vectors WHERE digest = old.digest AND agent = old.agent AND version = old.version AND tenant = old.tenant; END
