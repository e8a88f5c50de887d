"""The ground floor: errors, the registry, array namespaces, the layout of theta, notation."""
