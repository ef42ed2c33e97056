@{
    RootModule        = 'CaliperAgent.psm1'
    ModuleVersion     = '0.1.0'
    GUID              = '5f0c9c56-6f0b-4b7e-9f58-0d6f7a1f6b1e'
    Author            = 'Caliper'
    Description       = 'Installs, checks and removes the Caliper agent on many servers over PowerShell remoting.'
    PowerShellVersion = '5.1'
    FunctionsToExport = @('Install-CaliperAgent', 'Test-CaliperAgent', 'Uninstall-CaliperAgent')
    CmdletsToExport   = @()
    VariablesToExport = @()
    AliasesToExport   = @()
}
