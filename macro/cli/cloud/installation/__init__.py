"""Plan, install and uninstall the installation's stack."""
