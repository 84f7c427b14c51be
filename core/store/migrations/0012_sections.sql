-- A search finds sections by their keys: in a book of thousands each of them would be looked at.
CREATE INDEX section_by_key ON section (document_id, key);
