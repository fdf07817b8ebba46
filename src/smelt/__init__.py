"""smelt: trained models become small, and become firmware."""
