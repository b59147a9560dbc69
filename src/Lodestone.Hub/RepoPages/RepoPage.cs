using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>A page about one repository, inside <see cref="RepoLayout"/>, which has opened it.</summary>
public abstract class RepoPage : ComponentBase
{
    /// <summary>As in the address: <c>datasets</c> or <c>spaces</c>; absent for models.</summary>
    [Parameter]
    public string? Kind { get; set; }

    /// <summary>As in the address. <see cref="View"/> has it as its owner writes it.</summary>
    [Parameter]
    public string? Owner { get; set; }

    /// <summary>As in the address.</summary>
    [Parameter]
    public string? Name { get; set; }

    /// <summary>Revision and path, where the page's address has them.</summary>
    [Parameter]
    public string? Rest { get; set; }

    [CascadingParameter]
    public required HttpContext Context { get; set; }

    [CascadingParameter]
    private protected RepoView View { get; set; } = null!; // the layout gives it
}
