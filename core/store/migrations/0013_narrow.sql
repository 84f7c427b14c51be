-- Which documents of the spaces the questions of a chat keep to, as JSON.
ALTER TABLE space_choice ADD COLUMN narrow TEXT NOT NULL DEFAULT '{}';
