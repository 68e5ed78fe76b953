"""Jobs: stages applied to what the settings ask for, their records, and the runner. No science is here."""
