-- Why:    what an agent knows of a GPU beside who held it: time that nobody looked, how it was shared,
--         energy, how often it was looked at and what was wrong; and of each holder what it held, by
--         which rule it pays, and what says so.
-- Blocks: no, adding columns with defaults rewrites nothing. Stop stores of the former release first,
--         as for 0006: they would archive intervals without these.
-- Undo:   ALTER TABLE usage_events DROP COLUMN of each;

ALTER TABLE usage_events
    ADD COLUMN IF NOT EXISTS `holders.no_context_us` Array(Nullable(Int64)) COMMENT 'of held and not active time, without a process on the device' AFTER `holders.active_us`,
    ADD COLUMN IF NOT EXISTS `holders.instance` Array(Nullable(String)) COMMENT 'UUID of the MIG device; null: the GPU itself or replicas of it' AFTER `holders.no_context_us`,
    ADD COLUMN IF NOT EXISTS `holders.memory_bytes` Array(Nullable(Int64)) COMMENT 'the most that was seen' AFTER `holders.instance`,
    ADD COLUMN IF NOT EXISTS `holders.attribution` Array(LowCardinality(Nullable(String))) COMMENT 'how this part was found' AFTER `holders.memory_bytes`,
    ADD COLUMN IF NOT EXISTS `holders.rule` Array(LowCardinality(Nullable(String))) COMMENT 'name of the tenant rule' AFTER `holders.attribution`,
    ADD COLUMN IF NOT EXISTS `holders.evidence` Array(Array(LowCardinality(String))) COMMENT 'strongest first' AFTER `holders.rule`,
    ADD COLUMN IF NOT EXISTS `holders.workload` Array(Map(LowCardinality(String), String)) COMMENT 'namespace, pod, slurm_job, ...' AFTER `holders.evidence`,
    ADD COLUMN IF NOT EXISTS unobserved_us Nullable(Int64) COMMENT 'GPU-microseconds; null: not told apart, none' AFTER out_of_service_us,
    ADD COLUMN IF NOT EXISTS sharing_mode LowCardinality(Nullable(String)) COMMENT 'exclusive, mig, time_sliced, mps' AFTER purchase_option,
    ADD COLUMN IF NOT EXISTS energy_mj Nullable(Int64) COMMENT 'of the device over the interval, millijoules' AFTER sharing_mode,
    ADD COLUMN IF NOT EXISTS samples_expected Nullable(Int32) COMMENT 'how often the device should have been looked at' AFTER energy_mj,
    ADD COLUMN IF NOT EXISTS samples_taken Nullable(Int32) COMMENT 'how often it was' AFTER samples_expected,
    ADD COLUMN IF NOT EXISTS flags Array(LowCardinality(String)) COMMENT 'what was wrong in the interval' AFTER samples_taken;
