SELECT worker, by, why, at FROM drains ORDER BY worker
