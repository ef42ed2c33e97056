$ErrorActionPreference = 'Stop'
$parameters = Get-PackageParameters
$purge = if ($parameters['Purge']) { ' PURGE=1' } else { '' }
foreach ($key in @(Get-UninstallRegistryKey -SoftwareName 'Caliper agent')) {
    $package = @{
        PackageName    = $env:ChocolateyPackageName
        FileType       = 'msi'
        SilentArgs     = "$($key.PSChildName) /qn /norestart$purge"
        ValidExitCodes = @(0, 1605, 3010)
    }
    Uninstall-ChocolateyPackage @package
}
