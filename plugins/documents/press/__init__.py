"""What runs in the printing child: template language, paper, pictures, sheets. Knows no database and no Flask."""
