using System.Data.Common;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Has something happen right after a statement of the hub: what somebody else does between what a sweep reads and what it writes.</summary>
internal sealed class Interposed : DbCommandInterceptor
{
    private string? _statement;
    private Func<Task>? _act;

    public void AddTo(IServiceCollection services) => services.ConfigureDbContext<HubDb>(options => options.AddInterceptors(this));

    /// <summary>Once, after the next statement that has the text, without quotation marks.</summary>
    public void After(string statement, Func<Task> act) => (_statement, _act) = (statement, act);

    /// <summary>Whether it has happened.</summary>
    public bool IsDone => _act is null;

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        await ActAsync(command);
        return result;
    }

    public override async ValueTask<int> NonQueryExecutedAsync(DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        await ActAsync(command);
        return result;
    }

    private async Task ActAsync(DbCommand command)
    {
        if (_act is { } act && _statement is { } statement && command.CommandText.Replace("\"", "", StringComparison.Ordinal).Contains(statement, StringComparison.OrdinalIgnoreCase))
        {
            _act = null;
            await act();
        }
    }
}
