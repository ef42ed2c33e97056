//! Names of the roles that Windows itself registers with UAL (rule I.1.7), for files without `ROLE_IDS`.

const ROLES: [(&str, &str); 20] = [
    ("ad495fc3-0eaa-413d-ba7d-8b13fa7ec598", "Active Directory Domain Services"),
    ("10a9226f-50ee-49d8-a393-9a501d47ce04", "File Server"),
    ("7fb09bd3-7fe6-435e-8348-7d8aefb6cea3", "Print and Document Services"),
    ("c50fcc83-bc8d-4df5-8a3d-89d7f80f074b", "Active Directory Certificate Services"),
    ("b4cdd739-089c-417e-878d-855f90081be7", "Active Directory Rights Management Service"),
    ("bbd85b29-9dcc-4fd9-865d-3846dcba75c7", "Network Policy and Access Services"),
    ("952285d9-edb7-4b6b-9d85-0c09e3da0bbd", "Remote Access"),
    ("d6256cf7-98fb-4eb4-aa18-303f1da1f770", "Web Server"),
    ("c23f1c6a-30a8-41b6-bbf7-f266563dfcd6", "FTP Server"),
    ("48eed6b2-9cdc-4358-b5a5-8dea3b2f3f6a", "DHCP Server"),
    ("910cbaf9-b612-4782-a21f-f7c75105434a", "BranchCache"),
    ("4116a14d-3840-4f42-a67f-f2f9ff46eb4c", "Windows Deployment Services"),
    ("d8dc1c8e-ea13-49ce-9a68-c9dca8db8b33", "Windows Server Update Services"),
    ("7cc4b071-292c-4732-97a1-cf9a7301195d", "FAX Server"),
    ("dde30b98-449e-4b93-84a6-ea86af0b19fe", "MSMQ"),
    ("1479a8c1-9808-411e-9739-2d3c5923e86a", "Remote Desktop Gateway"),
    ("90e64afa-70db-4fef-878b-7eb8c868f091", "Remote Desktop Services"),
    ("bd7f7c0d-7c36-4721-afa8-0ba700e26d9e", "SQL Server Database Engine"),
    ("2414bc1b-1572-4cd9-9ca5-65166d8def3d", "SQL Server Analysis Services"),
    ("8cc0ac85-40f7-4886-9dab-021519800418", "SQL Server Reporting Services"),
];

/// The name of a role by its GUID (lower case with hyphens); `None` for roles of other vendors.
#[must_use]
pub fn role_name(guid: &str) -> Option<&'static str> {
    ROLES.iter().find(|(known, _)| *known == guid).map(|(_, name)| *name)
}
