-- Where a decision came from. A decision that a session refers to is found, and erased, by that session; one that refused has
-- none, so it says itself whose it is. All others have NULL there: most decisions are plain "allowed", and stay small.
ALTER TABLE decision ADD COLUMN traceparent TEXT;
ALTER TABLE decision ADD COLUMN partner INTEGER;
ALTER TABLE decision ADD COLUMN user TEXT;
ALTER TABLE decision ADD COLUMN plate TEXT;
