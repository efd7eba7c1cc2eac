"""Help for those who test plugins: pytest finds it by itself once Assaymark is installed."""
