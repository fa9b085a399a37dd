-- The user as whom KEDA asks how long the queues are: psql -v password=… -f user.sql, as the owner of the store's schema.
CREATE ROLE podium_keda LOGIN PASSWORD :'password';
GRANT USAGE ON SCHEMA podium TO podium_keda;
GRANT SELECT ON podium.queues TO podium_keda;
